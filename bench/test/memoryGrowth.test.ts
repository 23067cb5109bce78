import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { askKeptMemory, keptMegabytes, tellingArguments } from '../measure/keptMemory.ts'
import type { MemorySample } from '../measure/memoryWatch.ts'
import { growthOf } from '../scenarios/history/memoryGrowth.ts'

const LOOKS = 60

/** A look every ten seconds for ten minutes. */
function watched(megabytesAt: (look: number) => Record<string, number>): MemorySample[] {
  return Array.from({ length: LOOKS }, (_, look) => ({ seconds: look * 10, megabytes: megabytesAt(look) }))
}

function grownPart(samples: MemorySample[], process: string): number {
  const found = growthOf(samples).find((one) => one.process === process)
  if (!found) throw new Error(`${process} was not watched`)
  return found.part
}

describe('memory', () => {
  test('that fills in the beginning and stays has not grown', () => {
    expect(
      grownPart(
        watched((look) => ({ api: look < 15 ? 100 + look * 10 : 250 })),
        'api',
      ),
    ).toBe(0)
  })

  test('that grows by a quarter in ten minutes is found, whatever it does in between', () => {
    const leak = watched((look) => ({ api: 200 + (look / LOOKS) * 50 + (look % 3) }))
    expect(grownPart(leak, 'api')).toBeGreaterThan(0.2)
    expect(grownPart(leak, 'api')).toBeLessThan(0.25)
  })

  test('of a small process may take a step of a megabyte', () => {
    expect(
      grownPart(
        watched((look) => ({ redis: look < 40 ? 13 : 14 })),
        'redis',
      ),
    ).toBeLessThan(0.05)
    expect(
      grownPart(
        watched((look) => ({ redis: 13 + look / 4 })),
        'redis',
      ),
    ).toBeGreaterThan(0.1)
  })

  test('of a Postgres is that of the processes which were there all the time', () => {
    const backends = (look: number) => ({ 'postgres 7': 20, 'postgres 8': 10, [`postgres ${100 + look}`]: look * 5 })
    expect(growthOf(watched(backends))).toEqual([
      { process: 'postgres', first: 30, last: 30, inTenMinutes: 0, part: 0 },
    ])
    const leaking = watched((look) => ({ ...backends(look), 'postgres 8': 10 + look }))
    expect(grownPart(leaking, 'postgres')).toBeGreaterThan(0.5)
  })
})

test('what is kept is the resident size without the room that V8 holds', () => {
  const mebi = 1_024 ** 2
  expect(keptMegabytes({ rss: 200 * mebi, heapTotal: 150 * mebi, heapUsed: 40 * mebi })).toBe(90)
})

describe('a process that is asked what it keeps', () => {
  let folder: string
  let child: ChildProcess
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'agentview-memory-'))
  })
  afterEach(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  test('counts what it holds and not what it has let go of', async () => {
    const program = `
      const many = () => Array.from({ length: 1_000_000 }, (_, n) => ({ n }))
      let held = many()
      process.on('message', () => { held = null; let gone = many(); gone = null; process.send('let go') })
      process.send('holds')`
    const file = path.join(folder, 'told')
    child = spawn(process.execPath, [...tellingArguments(file), '-e', program], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    const holding = await askKeptMemory(child.pid!, file)
    child.send('let go')
    await once(child, 'message')
    const after = await askKeptMemory(child.pid!, file)
    // A million objects of a member each take 28 bytes at least, and their places 8.
    expect(holding - after).toBeGreaterThan(30)
  })
})
