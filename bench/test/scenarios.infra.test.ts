import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { describeWithRedis } from '../../test/redis.ts'
import { withCleanup } from '../cluster/cleanup.ts'
import { firstToken } from '../scenarios/firstToken/firstToken.ts'
import { history } from '../scenarios/history/history.ts'
import { replay } from '../scenarios/replay/replay.ts'
import type { Report, Scenario, ScenarioContext, Target } from '../scenarios/scenario.ts'
import { sockets } from '../scenarios/sockets/sockets.ts'
import { streams } from '../scenarios/streams/streams.ts'

let kept: string
beforeAll(async () => {
  kept = await mkdtemp(path.join(tmpdir(), 'agentview-bench-kept-'))
})
afterAll(() => rm(kept, { recursive: true, force: true }))

function run(scenario: Scenario, asked: ScenarioContext['asked']): Promise<Report> {
  const context = {
    effort: 'check',
    asked: { warmUpSeconds: 0.5, ...asked },
    environment: process.env,
    say: () => undefined,
  } as const
  return withCleanup((cleanup) => scenario.run({ ...context, cleanup }))
}

const promises = ({ targets }: Report): Target[] => targets.filter(({ name }) => name.endsWith('broken-promises'))
const cells = ({ tables }: Report): string[] => tables.flatMap(({ rows }) => rows.flat())

/** What is tested is what is counted: on a busy machine a time says nothing. */
describeWithRedis('a scenario of the bench keeps every promise that it counts', () => {
  const LONG_MS = 600_000

  test(
    'first-token: each message that is sent by the clock is answered',
    async () => {
      const report = await run(firstToken, { seconds: 1, sessions: [16] })
      expect(report.notes).toEqual([])
      expect(promises(report)).toMatchObject([{ value: 0, met: true }])
      expect(cells(report)).toContain('70 %')
    },
    LONG_MS,
  )

  test(
    'streams: every piece of every stream comes, in order and once',
    async () => {
      const report = await run(streams, { seconds: 2, sessions: [20] })
      expect(report.notes).toEqual([])
      expect(promises(report)).toMatchObject([{ name: 'streams.20-broken-promises', value: 0, met: true }])
      expect(cells(report)).toEqual(expect.arrayContaining(['2000', '20 of 20']))
    },
    LONG_MS,
  )

  test(
    'sockets: each of them hears each event once',
    async () => {
      const report = await run(sockets, { sessions: [200] })
      expect(report.notes).toEqual([])
      expect(promises(report)).toMatchObject([{ value: 0, met: true }])
      expect(report.tables[1]!.rows.map(([, heard]) => heard)).toEqual(Array(5).fill('200'))
    },
    LONG_MS,
  )

  test(
    'replay: every turn is answered as it was recorded, and none is begun after its time',
    async () => {
      const report = await run(replay, { seconds: 1, sessions: [4] })
      expect(report.targets).toMatchObject([{ name: 'replay.mismatches', value: 0, met: true }])
      const [atOnce, turns] = report.tables[0]!.rows[0]!
      expect(atOnce).toBe('4')
      expect(Number(turns)).toBeGreaterThan(0)
    },
    LONG_MS,
  )

  test(
    'history: what was seeded is listed',
    async () => {
      const asked = { finished: 2_500, kept, seconds: 1, rounds: 1, sessions: [4] }
      const report = await run(history, asked)
      expect(promises(report)).toMatchObject([{ value: 0, met: true }])
      const [, lists] = report.tables
      const rows = new Map(lists!.rows.map(([list, , count]) => [list, Number(count)]))
      expect(rows.get("an end user's")).toBe(60 * 5)
      expect(rows.get('whose last run failed')).toBeGreaterThan(0)
    },
    LONG_MS,
  )
})
