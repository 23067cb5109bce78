import { tunables } from '@shared/domain/tunables'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { foldSession } from '@shared/domain/foldSession'
import { isEnded } from '@shared/domain/runStates'
import { forceEndRun } from '../forceEndRun.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { type ClaimedRun, claimQuarantined } from '../claimRuns.ts'
import { requeueRun } from '../runTransitions.ts'
import { listItems, listRuns } from '../sessions.ts'
import { findOrphanedRuns, heartbeat, markLapsedWorkers } from '../workers.ts'
import { expectSound } from './invariants.ts'
import {
  ERROR,
  type TestEngine,
  append,
  bare,
  completed,
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
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

const SESSIONS = 12
const MESSAGES = 12
const WORKERS = 6
const chance = (share: number) => Math.random() < share

/** Streams one item and then ends, fails, gives back or just stops. What it wrote after it was fenced would be found. */
async function execute(claimed: ClaimedRun, dies: () => Promise<void>): Promise<void> {
  const hold = holdOf(claimed)
  const item = itemOf(claimed, 1, 'streaming', 'step', `${claimed.run.attempt}:`)
  await append(engine.db, hold, created(item))
  for (let i = 0; i < 3; i++) await append(engine.db, hold, grown(item, `${i}`))
  if (chance(0.1)) await dies()
  if (chance(0.2))
    return void (await requeue(engine.db, hold, chance(0.5) ? 'failed' : 'drained', chance(0.5) ? 20 : 0))
  const output = {
    ...item,
    status: 'complete' as const,
    kind: 'output' as const,
    data: { content: `${claimed.run.attempt}:012` },
  }
  await finish(engine.db, claimed, { items: [output], events: [completed(output)] })
}

test('whatever workers, clients and the reconciler do at once, each turn ends once, in order, with one attempt’s items', async () => {
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => engine.newSession()))
  const accepted: string[] = []
  let sent = 0

  async function client(sessionId: string): Promise<void> {
    for (let i = 0; i < MESSAGES; i++) {
      const { runId } = await engine.say(sessionId)
      accepted.push(runId)
      if (chance(0.2)) await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })
    }
    sent++
  }

  const allEnded = async () => {
    const [row] = await engine.rows<{ live: boolean }>(
      'select exists (select from runs where ended_at is null) as live',
    )
    return sent === SESSIONS && !row!.live
  }

  async function worker(kind: 'ordinary' | 'quarantine'): Promise<void> {
    let id = await engine.newWorker(kind)
    while (!(await allEnded())) {
      const mine = id
      // Its lease ends, somebody notices, and it goes on all the same until it looks.
      const dies = async () => {
        await engine.rows(
          `update workers set lease_until = clock_timestamp() - interval '1 s' where id = $1`,
          bare(mine),
        )
        await reconcile()
      }
      const claims = await (kind === 'quarantine' ? claimQuarantined(engine.db, id) : engine.claim(id, 4))
      await Promise.all(claims.map((claimed) => execute(claimed, dies)))
      if ((await heartbeat(engine.db, id, tunables.lease)) === null) id = await engine.newWorker(kind)
    }
  }

  async function reconcile(): Promise<void> {
    await markLapsedWorkers(engine.db, 'expired')
    for (const orphan of await findOrphanedRuns(engine.db, 100)) {
      await requeueRun(engine.db, { ...orphan, delayMs: 0, error: ERROR, reason: 'lapsed' })
    }
  }

  const reconciler = (async () => {
    while (!(await allEnded())) await reconcile()
  })()
  const workers = Array.from({ length: WORKERS }, () => worker('ordinary'))
  await Promise.all([...sessions.map(client), ...workers, worker('quarantine'), reconciler])

  const page = { limit: 200, order: 'asc' as const }
  const ended: string[] = []
  for (const sessionId of sessions) {
    await expectSound(engine, sessionId)
    const snapshot = (await readSnapshot(engine.db, sessionId))!
    const view = foldSession(await engine.log(sessionId))
    expect(snapshot.items).toEqual(view.items)
    const runs = await listRuns(engine.db, sessionId, null, page)
    const items = await listItems(engine.db, sessionId, null, page)
    ended.push(...runs.map((run) => run.id))
    for (const run of runs) {
      expect(isEnded(run.status)).toBe(true)
      const made = items.filter((item) => item.runId === run.id && item.kind !== 'input')
      if (run.status === 'completed')
        expect(made.map((item) => item.data.content)).toEqual([`${run.attempts.length}:012`])
      // Cut short: what the last attempt had shown, or nothing when it had not come to that.
      else expect(made.every((item) => textOf(item).startsWith(`${run.attempts.length}:`))).toBe(true)
    }
  }
  expect(ended.toSorted()).toEqual(accepted.toSorted())
})
