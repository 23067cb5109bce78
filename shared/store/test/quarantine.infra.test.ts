import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { claimQuarantined } from '../claimRuns.ts'
import { findUnclaimedRuns, isQuarantineNeeded } from '../dueRuns.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { findOrphanedRuns, markLapsedWorkers } from '../workers.ts'
import { expectSound } from './invariants.ts'
import {
  ERROR,
  type TestEngine,
  append,
  bare,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  requeue,
  startTestEngine,
  textOf,
} from './testEngine.ts'

let engine: TestEngine
let worker: string
let quarantine: string
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())
beforeEach(async () => {
  await engine.clear()
  worker = await engine.newWorker()
  quarantine = await engine.newWorker('quarantine')
})

/** A run that has lost workers as often. */
async function lost(times: number) {
  const sessionId = await engine.newSession()
  const { runId } = await engine.say(sessionId)
  for (let i = 0; i < times; i++) await requeue(engine.db, holdOf(await engine.take(runId, worker)), 'lapsed')
  return { sessionId, runId }
}

const idsOf = (claims: readonly { run: { id: string } }[]) => claims.map(({ run }) => run.id)

describe('a run that has lost two workers', () => {
  test('is taken by the quarantine alone, which takes nothing else', async () => {
    const poison = await lost(tunables.quarantineLapses)
    const innocent = await lost(tunables.quarantineLapses - 1)
    expect(idsOf(await engine.claim(worker, 10, [poison.runId]))).toEqual([innocent.runId])
    expect(await findUnclaimedRuns(engine.db, 0, 10)).toEqual([])
    expect(await isQuarantineNeeded(engine.db, tunables.lease / 2)).toBe(true)
    expect(await claimQuarantined(engine.db, worker)).toEqual([])
    const [claimed, ...others] = await claimQuarantined(engine.db, quarantine)
    expect([claimed!.run.id, others]).toEqual([poison.runId, []])
    expect(claimed!.run).toMatchObject({ attempt: 3, failures: 0 })
    expect(await isQuarantineNeeded(engine.db, tunables.lease / 2)).toBe(false)
    expect(await claimQuarantined(engine.db, quarantine)).toEqual([])
    await finish(engine.db, claimed!)
    await expectSound(engine, poison.sessionId)
  })

  test('keeps its session’s order: what comes behind it waits', async () => {
    const { sessionId } = await lost(tunables.quarantineLapses)
    const next = await engine.say(sessionId)
    expect(await engine.claim(worker, 10, [next.runId])).toEqual([])
    const [claimed] = await claimQuarantined(engine.db, quarantine)
    expect(await finish(engine.db, claimed!)).toMatchObject({ nextRunId: next.runId })
    await engine.take(next.runId, worker)
  })

  test('is not taken before its time, nor by a quarantine that has lapsed', async () => {
    const { runId } = await lost(tunables.quarantineLapses)
    await engine.rows(`update runs set due_at = clock_timestamp() + interval '1 minute' where id = $1`, bare(runId))
    expect(await isQuarantineNeeded(engine.db, tunables.lease / 2)).toBe(false)
    expect(await claimQuarantined(engine.db, quarantine)).toEqual([])
    await engine.rows(`update runs set due_at = clock_timestamp() where id = $1`, bare(runId))
    await engine.rows('update workers set lapsed_at = clock_timestamp()')
    expect(await claimQuarantined(engine.db, quarantine)).toEqual([])
    expect(idsOf(await claimQuarantined(engine.db, await engine.newWorker('quarantine')))).toEqual([runId])
  })

  test('is taken once by ten quarantines at once', async () => {
    const { runId } = await lost(tunables.quarantineLapses)
    const workers = await Promise.all(Array.from({ length: 10 }, () => engine.newWorker('quarantine')))
    const claims = await Promise.all(workers.map((id) => claimQuarantined(engine.db, id)))
    expect(claims.flatMap(idsOf)).toEqual([runId])
  })
})

test('a run that loses its third worker is failed, with what it had shown', async () => {
  const { sessionId, runId } = await lost(tunables.quarantineLapses)
  const next = await engine.say(sessionId)
  const [claimed] = await claimQuarantined(engine.db, quarantine)
  const open = itemOf(claimed!, 1, 'streaming')
  await append(engine.db, holdOf(claimed!), created(open), grown(open, 'half'))
  await engine.rows(
    `update workers set lease_until = clock_timestamp() - interval '1 s' where id = $1`,
    bare(quarantine),
  )
  await markLapsedWorkers(engine.db, 'expired')
  const [orphan] = await findOrphanedRuns(engine.db, 10)
  expect(orphan).toMatchObject({ runId, lapses: 2 })
  const end = { sessionId, runId, epoch: orphan!.epoch, status: 'failed' as const, error: ERROR }
  expect(await forceEndRun(engine.db, end)).toMatchObject({ outcome: 'ended', nextRunId: next.runId })
  expect((await engine.run(runId)).attempts.map(({ outcome }) => outcome)).toEqual(['lapsed', 'lapsed', 'lapsed'])
  const { items } = (await readSnapshot(engine.db, sessionId))!
  expect(items.map((item) => `${textOf(item)} ${item.status}`)).toEqual([
    'hello complete',
    'half incomplete',
    'hello complete',
  ])
  expect((await finish(engine.db, claimed!)).outcome).toBe('fenced')
  expect((await forceEndRun(engine.db, end)).outcome).toBe('already_ended')
  await expectSound(engine, sessionId)
})
