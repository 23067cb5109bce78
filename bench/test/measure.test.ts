import { cpus } from 'node:os'
import { expect, test } from '@jest/globals'
import { foreignLoad } from '../measure/foreignLoad.ts'
import { parseMachineTime } from '../measure/machine.ts'
import { type Reading, useBetween } from '../measure/meter.ts'
import { cpuOf, parseStat } from '../measure/processTree.ts'
import { parseCommandStats, parseMonitor, redisUse } from '../measure/redisCounters.ts'
import { ratioNote, ratioOf } from '../scenarios/ratio.ts'
import { atLeast, atMost } from '../scenarios/scenario.ts'
import { renderTarget } from '../scenarios/renderReport.ts'

test('a process is read from /proc, also one whose name looks like more fields', () => {
  const stat = '42 (node (x) 1 2) S 7 42 42 0 -1 4194304 99 0 0 0 150 50 20 5 20 0 11 0 74863 3133440 379'
  expect(parseStat(stat)).toEqual({ pid: 42, parent: 7, ticks: 200, endedTicks: 25 })
})

test('what a tree has spent is that of its processes, ended ones too, without the trees of other roots', () => {
  const processes = [
    { pid: 1, parent: 0, ticks: 900, endedTicks: 900 },
    { pid: 10, parent: 1, ticks: 100, endedTicks: 0 },
    // A Postgres, one of whose autovacuum workers has ended and one lives.
    { pid: 20, parent: 10, ticks: 10, endedTicks: 250 },
    { pid: 21, parent: 20, ticks: 40, endedTicks: 0 },
    { pid: 30, parent: 10, ticks: 500, endedTicks: 0 },
    { pid: 31, parent: 30, ticks: 7, endedTicks: 0 },
  ]
  expect(cpuOf(processes, { bench: 10, postgres: 20 })).toEqual({ bench: 6.07, postgres: 3 })
})

test('what the bench has started and does not measure now is not foreign; it is told apart', () => {
  const postgres = { commits: 0, rollbacks: 0, writes: 0, walBytes: 0 }
  const reading = (at: number, busy: number, postgresCpu: number, beside: number): Reading => {
    return { at, cpu: { bench: 0, postgres: postgresCpu }, beside, machine: { busy, stolen: 0 }, postgres, redis: {} }
  }
  const cores = cpus().length
  const [before, after] = [reading(0, 0, 0, 5), reading(10_000, 10 * cores, 6 * cores, 5 + 3 * cores)]
  const use = useBetween(before, after)
  expect(use.cpu.postgres).toBe(6 * cores)
  expect(use.beside).toBeCloseTo(0.3)
  expect(use.foreign).toBeCloseTo(0.1)
})

test("the machine's time is what processes have spent; interrupts are nobody's", () => {
  const stat = 'cpu  100 50 200 9000 30 400 500 60 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n'
  expect(parseMachineTime(stat)).toEqual({ busy: 3.5, stolen: 0.6 })
})

test.each([
  ['nothing but us', { seconds: 10, busy: 20, ours: 20, stolen: 0 }, 0],
  ['half a core of two', { seconds: 10, busy: 20, ours: 15, stolen: 0 }, 0.25],
  ['what the host took', { seconds: 10, busy: 18, ours: 18, stolen: 2 }, 0.1],
  ['clocks that differ by a tick', { seconds: 10, busy: 20, ours: 20.02, stolen: 0 }, 0],
])('foreign load: %s', (_what, use, expected) => {
  expect(foreignLoad(use, 2)).toBeCloseTo(expected)
})

const ROUND = { judged: 1_700, compared: 1_000, foreign: 0 }

test('the ratio is the median of the quiet rounds', () => {
  const rounds = [
    ROUND,
    { ...ROUND, judged: 1_800 },
    { ...ROUND, judged: 500, foreign: 0.5 },
    { ...ROUND, judged: 1_500 },
  ]
  const ratio = ratioOf(rounds)
  expect(ratio).toEqual({ median: 1.7, least: 1.5, most: 1.8, rounds: 3, discarded: 1, disturbed: false })
  expect(ratioNote(ratio)).toBe(
    '3 rounds count, from 1.50 to 1.80; 1 discarded, since other processes used the machine meanwhile',
  )
})

test('without a quiet round those with some foreign load count, and it is said; others never do', () => {
  const ratio = ratioOf([
    { ...ROUND, foreign: 0.1 },
    { ...ROUND, judged: 9_000, foreign: 0.6 },
  ])
  expect(ratio).toMatchObject({ median: 1.7, rounds: 1, discarded: 1, disturbed: true })
  expect(ratioNote(ratio)).toContain('the machine was never quiet')
  const worthless = ratioOf([{ ...ROUND, foreign: 0.6 }])
  expect(worthless.median).toBeNull()
  expect(ratioNote(worthless)).toMatch(/^no round counts: 1 discarded/)
})

test('what Redis ran is divided between those who sent it and scripts', () => {
  const info = (calls: number) =>
    `# Commandstats\r\ncmdstat_evalsha:calls=${calls},usec=1\r\ncmdstat_hset:calls=${2 * calls},usec=1\r\n` +
    `cmdstat_client|setname:calls=3,usec=1\r\ncmdstat_publish:calls=${calls},usec=1\r\ncmdstat_info:calls=${calls},usec=1\r\n`
  const senders = parseMonitor(
    [
      'OK',
      '+1339518083.1 [0 127.0.0.1:60866] "evalsha" "x"',
      '+1339518083.2 [0 lua] "HSET" "a" "1"',
      '+1339518083.3 [0 127.0.0.1:60866] "hset" "a" "\\"[0 lua]\\""',
      '+1339518083.4 [0 lua] "hset" "a" "1"',
    ].join('\r\n'),
  )
  expect(senders).toEqual({ evalsha: { sent: 1, inScripts: 0 }, hset: { sent: 1, inScripts: 2 } })
  expect(redisUse(parseCommandStats(info(100)), parseCommandStats(info(130)), senders)).toEqual({
    sent: 80,
    inScripts: 40,
    sentByName: { evalsha: 30, hset: 20, publish: 30 },
  })
})

test('a target is told with what it wanted', () => {
  expect(renderTarget(atLeast('floor.ratio', 1.7421, 1.7, '× floor'))).toBe('floor.ratio 1.74 >= 1.7 × floor met')
  expect(renderTarget(atMost('streams.p99', 151, 150, 'ms'))).toBe('streams.p99 151 <= 150 ms missed')
  expect(renderTarget(atMost('streams.p99', null, 150, 'ms'))).toBe('streams.p99 unknown <= 150 ms missed')
})
