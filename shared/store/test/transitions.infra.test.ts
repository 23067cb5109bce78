import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RunStatus } from '@shared/domain/objects'
import { RUN_TRANSITIONS, type RunTransition } from '@shared/domain/runStates'
import { forceEndRun } from '../forceEndRun.ts'
import type { ClaimedRun } from '../claimRuns.ts'
import type { Hold } from '../runTransitions.ts'
import { expectSound } from './invariants.ts'
import {
  type TestEngine,
  append,
  bare,
  created,
  finish,
  holdOf,
  itemOf,
  startTestEngine,
  ERROR,
  requeue,
} from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

/** A run in some state, and the last hold on it (of a run that was never claimed: one that nobody has). */
interface Subject {
  sessionId: string
  runId: string
  claimed: ClaimedRun
}

async function queued(): Promise<Subject> {
  const sessionId = await engine.newSession()
  const { runId } = await engine.say(sessionId)
  const other = await engine.take((await engine.say(await engine.newSession())).runId)
  const claimed = { ...other, run: { ...other.run, id: runId, epoch: 0 }, session: { ...other.session, id: sessionId } }
  return { sessionId, runId, claimed }
}

async function running(): Promise<Subject> {
  const sessionId = await engine.newSession()
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  return { sessionId, runId: claimed.run.id, claimed }
}

const hold = ({ claimed }: Subject): Hold => holdOf(claimed)

/** How a run gets into each state. `waiting` is queued for another attempt, `blocked` queued behind another run. */
const STATES: Record<string, () => Promise<Subject>> = {
  queued,
  async blocked() {
    const sessionId = await engine.newSession()
    await engine.take((await engine.say(sessionId)).runId)
    const { runId } = await engine.say(sessionId)
    const { claimed } = await queued()
    return {
      sessionId,
      runId,
      claimed: { ...claimed, run: { ...claimed.run, id: runId }, session: { ...claimed.session, id: sessionId } },
    }
  },
  running,
  async waiting() {
    const subject = await running()
    await requeue(engine.db, hold(subject), 'failed', 60_000)
    return subject
  },
  async completed() {
    const subject = await running()
    await finish(engine.db, subject.claimed)
    return subject
  },
  async failed() {
    const subject = await running()
    await finish(engine.db, subject.claimed, { status: 'failed', error: ERROR })
    return subject
  },
  async cancelled() {
    const subject = await running()
    await forceEndRun(engine.db, { sessionId: subject.sessionId, runId: subject.runId, status: 'cancelled' })
    return subject
  },
}

const back = (reason: 'failed' | 'lapsed' | 'drained') => async (subject: Subject) =>
  (await requeue(engine.db, hold(subject), reason)) ? 'requeued' : 'fenced'

const force =
  (status: 'cancelled' | 'failed') =>
  async ({ sessionId, runId }: Subject) =>
    (await forceEndRun(engine.db, { sessionId, runId, status, error: ERROR })).outcome

/** What each transition answers. */
const TRANSITIONS: Record<string, (subject: Subject) => Promise<string>> = {
  claim: async ({ runId }) =>
    (await engine.claim(await engine.newWorker(), 1, [runId])).some(({ run }) => run.id === runId)
      ? 'claimed'
      : 'nothing',
  append: async (subject) =>
    (await append(engine.db, hold(subject), created(itemOf(subject.claimed, 1, 'complete')))).length > 0
      ? 'appended'
      : 'fenced',
  complete: async ({ claimed }) => (await finish(engine.db, claimed)).outcome,
  fail: async ({ claimed }) => (await finish(engine.db, claimed, { status: 'failed', error: ERROR })).outcome,
  retry: back('failed'),
  lapse: back('lapsed'),
  giveBack: back('drained'),
  cancel: force('cancelled'),
  expireDeadline: force('failed'),
}

const TABLE = `
  queued    -> claim: claimed, running
  queued    -> append: fenced, queued
  queued    -> complete: fenced, queued
  queued    -> fail: fenced, queued
  queued    -> retry: fenced, queued
  queued    -> lapse: fenced, queued
  queued    -> giveBack: fenced, queued
  queued    -> cancel: ended, cancelled
  queued    -> expireDeadline: ended, failed
  blocked   -> claim: nothing, queued
  blocked   -> append: fenced, queued
  blocked   -> complete: fenced, queued
  blocked   -> fail: fenced, queued
  blocked   -> retry: fenced, queued
  blocked   -> lapse: fenced, queued
  blocked   -> giveBack: fenced, queued
  blocked   -> cancel: ended, cancelled
  blocked   -> expireDeadline: ended, failed
  running   -> claim: nothing, running
  running   -> append: appended, running
  running   -> complete: ended, completed
  running   -> fail: ended, failed
  running   -> retry: requeued, queued
  running   -> lapse: requeued, queued
  running   -> giveBack: requeued, queued
  running   -> cancel: ended, cancelled
  running   -> expireDeadline: ended, failed
  waiting   -> claim: nothing, queued
  waiting   -> append: fenced, queued
  waiting   -> complete: fenced, queued
  waiting   -> fail: fenced, queued
  waiting   -> retry: fenced, queued
  waiting   -> lapse: fenced, queued
  waiting   -> giveBack: fenced, queued
  waiting   -> cancel: ended, cancelled
  waiting   -> expireDeadline: ended, failed
  completed -> claim: nothing, completed
  completed -> append: fenced, completed
  completed -> complete: fenced, completed
  completed -> fail: fenced, completed
  completed -> retry: fenced, completed
  completed -> lapse: fenced, completed
  completed -> giveBack: fenced, completed
  completed -> cancel: already_ended, completed
  completed -> expireDeadline: already_ended, completed
  failed    -> claim: nothing, failed
  failed    -> append: fenced, failed
  failed    -> complete: fenced, failed
  failed    -> retry: fenced, failed
  failed    -> cancel: already_ended, failed
  failed    -> expireDeadline: already_ended, failed
  cancelled -> claim: nothing, cancelled
  cancelled -> append: fenced, cancelled
  cancelled -> complete: fenced, cancelled
  cancelled -> fail: fenced, cancelled
  cancelled -> retry: fenced, cancelled
  cancelled -> lapse: fenced, cancelled
  cancelled -> giveBack: fenced, cancelled
  cancelled -> cancel: already_ended, cancelled
  cancelled -> expireDeadline: already_ended, cancelled`

const ROW = /^\s*(?<state>\w+)\s+-> (?<transition>\w+): (?<answer>\w+), (?<status>\w+)$/
const rows = TABLE.trim()
  .split('\n')
  .map((line) => ROW.exec(line)!.groups as { state: string; transition: string; answer: string; status: RunStatus })

describe('each transition in each state', () => {
  test.each(rows)('$state -> $transition: $answer, $status', async ({ state, transition, answer, status }) => {
    const subject = await STATES[state]!()
    const before = await engine.rows(
      'select r, h from runs r join session_heads h using (session_id) where r.id = $1',
      bare(subject.runId),
    )
    expect(await TRANSITIONS[transition]!(subject)).toBe(answer)
    expect((await engine.run(subject.runId)).status).toBe(status)
    await expectSound(engine, subject.sessionId)
    const refused = ['nothing', 'fenced', 'already_ended'].includes(answer)
    const after = await engine.rows(
      'select r, h from runs r join session_heads h using (session_id) where r.id = $1',
      bare(subject.runId),
    )
    expect(JSON.stringify(after) === JSON.stringify(before)).toBe(refused)
    // The state machine of shared/domain says the same.
    const { from, to } = RUN_TRANSITIONS[transition as RunTransition]
    const start = state === 'blocked' || state === 'waiting' ? 'queued' : (state as RunStatus)
    if (refused && start === 'queued' && transition === 'claim') return
    expect(from.includes(start) ? to : 'refused').toBe(refused ? 'refused' : status)
  })
})
