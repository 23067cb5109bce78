import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ClaimedRun } from '@shared/store/claimRuns'
import { type PullerOptions, createRunPuller } from '../runPuller.ts'
import { type Deferred, claimedRun, deferred, settle, silent } from './fakes.ts'

/** A puller on a backlog of runs; runs are carried out until the test ends them. */
function start(concurrency: number, waiting: ClaimedRun[], more: Partial<PullerOptions> = {}) {
  const claims: { hints: readonly string[]; limit: number }[] = []
  const running = new Map<ClaimedRun, Deferred<void>>()
  const full: boolean[] = []
  const seen = { most: 0 }
  const puller = createRunPuller({
    concurrency,
    log: silent,
    onFull: (now) => full.push(now),
    async claim(hints, limit) {
      claims.push({ hints: [...hints], limit })
      await Promise.resolve()
      return waiting.splice(0, limit)
    },
    execute(run) {
      const execution = deferred()
      running.set(run, execution)
      seen.most = Math.max(seen.most, running.size)
      return execution.promise.finally(() => running.delete(run))
    },
    ...more,
  })
  const endOne = async () => {
    const [first] = running.values()
    first!.resolve()
    await settle()
  }
  return { puller, claims, running, full, seen, endOne }
}

const runs = (count: number) => Array.from({ length: count }, () => claimedRun())

describe('a bell', () => {
  test('lets it claim as many runs as it has free slots, hinted ones first', async () => {
    const { puller, claims, running } = start(3, runs(1))
    await puller.wake(['a', 'b', 'c', 'd'])
    expect(claims[0]).toEqual({ hints: ['a', 'b', 'c'], limit: 3 })
    expect(running.size).toBe(1)
    expect(puller.running()).toBe(1)
  })

  test('is answered when what could be claimed was started', async () => {
    const claim = deferred<ClaimedRun[]>()
    const { puller, running } = start(2, [], { claim: () => claim.promise })
    let answered = false
    const bell = puller.wake(['a']).then(() => (answered = true))
    await settle()
    expect(answered).toBe(false)
    expect(puller.isClaiming()).toBe(true)
    claim.resolve(runs(1))
    await bell
    expect(running.size).toBe(1)
    await settle()
    expect(puller.isClaiming()).toBe(false)
  })

  test('for runs that an earlier claim has brought asks for no other claim, until they have ended', async () => {
    const waiting = runs(2)
    const [one, two] = waiting.map(({ run }) => run.id)
    const { puller, claims, endOne } = start(3, waiting)
    await puller.ring([one!])
    await puller.ring([two!, one!])
    expect(claims).toHaveLength(1)
    await puller.ring([two!, 'another'])
    expect(claims).toHaveLength(2)
    await endOne()
    await puller.ring([one!])
    expect(claims).toHaveLength(3)
  })

  test('that comes in the same turn as others is answered by one claim', async () => {
    const { puller, claims } = start(3, runs(3))
    await Promise.all([puller.wake(['a']), puller.wake(['b']), puller.wake(['c'])])
    expect(claims[0]).toEqual({ hints: ['a', 'b', 'c'], limit: 3 })
  })

  test('during a claim makes it claim again', async () => {
    const first = deferred<ClaimedRun[]>()
    const hints: (readonly string[])[] = []
    const { puller } = start(2, [], {
      claim: (given) => {
        hints.push([...given])
        return hints.length === 1 ? first.promise : Promise.resolve([])
      },
    })
    const bells = [puller.wake(['a'])]
    await settle()
    bells.push(puller.wake(['b']))
    first.resolve([])
    await Promise.all(bells)
    expect(hints.flat()).toEqual(['a', 'b'])
    expect(hints).toHaveLength(2)
  })

  test('while all slots are busy is remembered', async () => {
    const waiting = runs(1)
    const { puller, running, claims, endOne } = start(1, waiting)
    await puller.wake([])
    const [late] = runs(1)
    waiting.push(late!)
    await puller.wake(['late'])
    expect(claims).toHaveLength(1)
    await endOne()
    expect(claims[1]).toEqual({ hints: ['late'], limit: 1 })
    expect([...running.keys()]).toEqual([late])
  })

  test('that comes in the very moment in which a claim ends is not lost', async () => {
    for (let delay = 0; delay < 12; delay++) {
      let claims = 0
      const claiming = deferred()
      const { puller } = start(1, [], {
        claim: () => {
          claims++
          claiming.resolve()
          return Promise.resolve([])
        },
      })
      const first = puller.wake([])
      await claiming.promise
      for (let turn = 0; turn < delay; turn++) await Promise.resolve()
      await Promise.all([first, puller.wake(['b'])])
      await settle()
      expect([delay, claims]).toEqual([delay, 2])
    }
  })
})

describe('slots', () => {
  test('are never overdrawn, and a backlog is worked off without another bell', async () => {
    const { puller, running, seen, claims, endOne } = start(3, runs(10))
    await puller.wake([])
    expect(running.size).toBe(3)
    for (let ended = 1; ended <= 10; ended++) {
      await endOne()
      expect(running.size).toBe(Math.min(3, 10 - ended))
    }
    expect(seen.most).toBe(3)
    expect(claims.length).toBeLessThan(15)
  })

  test('that are free claim no more when the last claim was not full', async () => {
    const { puller, claims, endOne } = start(3, runs(2))
    await puller.wake([])
    await endOne()
    await endOne()
    expect(claims).toHaveLength(1)
  })

  test('tell when all are busy and when one is free again', async () => {
    const waiting = runs(2)
    const { puller, full, endOne } = start(2, waiting)
    await puller.wake([])
    expect(full).toEqual([true])
    await endOne()
    expect(full).toEqual([true, false])
    waiting.push(...runs(1))
    await puller.wake([])
    expect(full).toEqual([true, false, true])
    await endOne()
    await endOne()
    expect(full).toEqual([true, false, true, false])
  })
})

test('a claim that fails is tried again by itself', async () => {
  let claims = 0
  const { puller, running } = start(1, [], {
    claim: () => (++claims === 1 ? Promise.reject(new Error('away')) : Promise.resolve(runs(1))),
  })
  await puller.wake(['a'])
  expect(claims).toBe(1)
  while (running.size === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(claims).toBe(2)
})

describe('after it was stopped', () => {
  test('it claims nothing, and what runs goes on', async () => {
    const { puller, running, claims, endOne } = start(2, runs(5))
    await puller.wake([])
    await puller.stop()
    await puller.wake(['a'])
    await endOne()
    expect(claims).toHaveLength(1)
    expect(running.size).toBe(1)
  })

  test('a claim that was under way still brings its runs, and is waited for', async () => {
    const claim = deferred<ClaimedRun[]>()
    const { puller, running } = start(2, [], { claim: () => claim.promise })
    void puller.wake([])
    await settle()
    const stopped = puller.stop()
    claim.resolve(runs(2))
    await stopped
    expect(running.size).toBe(2)
  })
})

test('whatever happens: never more than the slots, and nothing stays behind while a slot is free', async () => {
  const act = fc.oneof(
    fc.record({ what: fc.constant('come' as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ what: fc.constant('end' as const), count: fc.integer({ min: 1, max: 3 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(act, { maxLength: 25 }), async (slots, acts) => {
      const waiting: ClaimedRun[] = []
      const { puller, running, seen } = start(slots, waiting)
      for (const { what, count } of acts) {
        if (what === 'come') {
          const more = runs(count)
          waiting.push(...more)
          void puller.wake(more.map(({ run }) => run.id))
        } else for (const execution of [...running.values()].slice(0, count)) execution.resolve()
        await settle()
        expect(running.size).toBe(Math.min(slots, running.size + waiting.length))
        expect(puller.running()).toBe(running.size)
      }
      expect(seen.most).toBeLessThanOrEqual(slots)
    }),
    { numRuns: 60 },
  )
})
