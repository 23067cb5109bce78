import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { HeldRun } from '@shared/store/workers'
import { leasesOf } from '@shared/domain/leases'
import { type Heartbeat, startHeartbeat } from '../heartbeat.ts'
import { type Deferred, deferred, silent } from './fakes.ts'

const { heartbeat, lease, selfFence } = leasesOf()
const HELD: HeldRun[] = [{ sessionId: 'ses_1', runId: 'run_1', epoch: 1 }]

let beats: Deferred<HeldRun[] | null>[]
let held: { runs: HeldRun[]; before: number }[]
let lost: number[]
let beat: Heartbeat

beforeEach(() => {
  jest.useFakeTimers()
  beats = []
  held = []
  lost = []
  beat = startHeartbeat({
    leases: leasesOf(),
    log: silent,
    renew: () => {
      const answer = deferred<HeldRun[] | null>()
      beats.push(answer)
      return answer.promise
    },
    onHeld: (runs, before) => held.push({ runs, before }),
    onLost: () => lost.push(performance.now()),
  })
})
afterEach(() => {
  beat.stop()
  jest.useRealTimers()
})

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms)
const answer = async (index: number, runs: HeldRun[] | null = HELD) => {
  beats[index]!.resolve(runs)
  await pass(0)
}
/** Answers every beat at once for a while. */
async function passWell(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await pass(100)
    for (const { resolve } of beats) resolve(HELD)
    await pass(0)
  }
}

describe('a worker', () => {
  test('gives a sign of life at each interval, and learns what it holds', async () => {
    await passWell(3 * heartbeat)
    expect(beats).toHaveLength(3)
    expect(held.map(({ runs }) => runs)).toEqual([HELD, HELD, HELD])
    expect(lost).toEqual([])
  })

  test('learns with it when the question was asked', async () => {
    const start = performance.now()
    await pass(heartbeat)
    await pass(1_000)
    await answer(0)
    expect(held[0]!.before - start).toBeCloseTo(heartbeat, -2)
  })

  test('asks at once when it is told to', async () => {
    beat.now()
    expect(beats).toHaveLength(1)
    await answer(0)
    expect(held).toHaveLength(1)
  })

  test('asks once more when it is told to while it asks: the answer under way may be older', async () => {
    beat.now()
    beat.now()
    beat.now()
    expect(beats).toHaveLength(1)
    await answer(0, [])
    expect(beats).toHaveLength(2)
    await answer(1)
    expect(held.map(({ runs }) => runs)).toEqual([[], HELD])
    await pass(heartbeat - 1)
    expect(beats).toHaveLength(2)
  })

  test('asks anew when an answer does not come: one broken connection is not the end', async () => {
    await pass(2 * heartbeat)
    expect(beats).toHaveLength(2)
    await answer(1)
    await passWell(heartbeat)
    expect(lost).toEqual([])
  })

  test('does not heed an answer that a newer one has overtaken', async () => {
    await pass(2 * heartbeat)
    await answer(1)
    await answer(0, null)
    expect(held).toHaveLength(1)
    expect(lost).toEqual([])
  })

  test('that was stopped asks no more and loses nothing', async () => {
    beat.stop()
    beat.now()
    await pass(2 * lease)
    expect(beats).toEqual([])
    expect(lost).toEqual([])
  })
})

describe('a worker lets go of its runs', () => {
  test('when it hears that they were given to others', async () => {
    await pass(heartbeat)
    await answer(0, null)
    expect(lost).toHaveLength(1)
    expect(held).toEqual([])
  })

  test('when no heartbeat succeeds, well before its lease ends', async () => {
    await passWell(heartbeat)
    const lastGood = performance.now()
    await pass(selfFence - 100)
    expect(lost).toEqual([])
    await pass(lease - selfFence)
    expect(lost).toHaveLength(1)
    expect(lost[0]! - lastGood).toBeLessThan(lease - 1_000)
  })

  test('when heartbeats fail, just the same', async () => {
    for (let passed = 0; passed < lease; passed += 500) {
      await pass(500)
      for (const { reject } of beats) reject(new Error('away'))
    }
    expect(lost).toHaveLength(1)
  })

  test('counted from when the last good heartbeat was sent, not from its answer', async () => {
    const start = performance.now()
    await pass(heartbeat)
    await pass(heartbeat - 1)
    await answer(0)
    await pass(selfFence)
    expect(lost).toHaveLength(1)
    expect(lost[0]! - start).toBeLessThan(heartbeat + lease - 1_000)
  })

  test('and an answer that comes after that, to an earlier question, changes nothing', async () => {
    await pass(selfFence + 600)
    expect(lost).toHaveLength(1)
    await answer(0)
    await answer(1, null)
    expect(held).toEqual([])
    expect(lost).toHaveLength(1)
  })

  test('each time, also when no heartbeat has succeeded in between', async () => {
    await pass(heartbeat)
    await answer(0, null)
    await pass(heartbeat)
    await answer(1, null)
    expect(lost).toHaveLength(2)
    await pass(lease)
    expect(lost).toHaveLength(3)
  })

  test('and takes up its life again with the next good heartbeat', async () => {
    await pass(heartbeat)
    await answer(0, null)
    await passWell(3 * lease)
    expect(lost).toHaveLength(1)
    expect(held.length).toBeGreaterThan(5)
  })
})
