import type { OnBusy } from '@shared/domain/agents'
import { acceptMessage } from '../acceptMessage.ts'
import { type ClaimedRun, claimQuarantined } from '../claimRuns.ts'
import { deleteSessions } from '../deleteSessions.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { retryRun } from '../retryRun.ts'
import type { Hold } from '../runTransitions.ts'
import { answer, endOutside, expire, handOver, pause, push, takeOutside, targetOf } from './legs.ts'
import { ERROR, type TestEngine, append, bare, created, finish, holdOf, itemOf, requeue } from './testEngine.ts'
import { readInputs } from '../runs.ts'

/** A run in some state, and the last hold on it (of a run that was never claimed: one that nobody has). */
export interface Subject {
  sessionId: string
  runId: string
  claimed: ClaimedRun
}

export const hold = ({ claimed }: Subject): Hold => holdOf(claimed)

const FIRST = 'the first pause'

async function queued(engine: TestEngine, sessionId?: string): Promise<Subject> {
  const session = sessionId ?? (await engine.newSession())
  const { runId } = await engine.say(session)
  const other = await engine.take((await engine.say(await engine.newSession())).runId)
  const claimed = { ...other, run: { ...other.run, id: runId, epoch: 0 }, session: { ...other.session, id: session } }
  return { sessionId: session, runId, claimed }
}

async function running(engine: TestEngine): Promise<Subject> {
  const sessionId = await engine.newSession()
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  return { sessionId, runId: claimed.run.id, claimed }
}

async function paused(engine: TestEngine): Promise<Subject> {
  const subject = await running(engine)
  await pause(engine, hold(subject), FIRST)
  return subject
}

/** It has lost two workers, and waits for the quarantine. */
async function quarantined(engine: TestEngine): Promise<Subject> {
  const sessionId = await engine.newSession()
  const { runId } = await engine.say(sessionId)
  const first = await engine.take(runId)
  await requeue(engine.db, holdOf(first), 'lapsed')
  const claimed = await engine.take(runId)
  await requeue(engine.db, holdOf(claimed), 'lapsed')
  return { sessionId, runId, claimed }
}

async function take(engine: TestEngine, runId: string): Promise<ClaimedRun | null> {
  const worker = await engine.newWorker('quarantine')
  for (;;) {
    const [claimed] = await claimQuarantined(engine.db, worker)
    if (!claimed || claimed.run.id === runId) return claimed ?? null
  }
}

/**
 * How a run gets into each state. `waiting` is queued for another attempt, `blocked` queued behind another run, `resumed`
 * queued for its next leg, `external` carried out by its agent app, `lastChance` running in the quarantine.
 */
export const STATES: Record<string, (engine: TestEngine) => Promise<Subject>> = {
  queued,
  async blocked(engine) {
    const { sessionId } = await running(engine)
    return queued(engine, sessionId)
  },
  running,
  async waiting(engine) {
    const subject = await running(engine)
    await requeue(engine.db, hold(subject), 'failed', 60_000)
    return subject
  },
  paused,
  async resumed(engine) {
    const subject = await paused(engine)
    await answer(engine, subject, FIRST)
    return subject
  },
  async external(engine) {
    const sessionId = await engine.newSession()
    const claimed = await takeOutside(engine, sessionId)
    await push(engine, targetOf(engine, holdOf(claimed), claimed.run.epoch), 'pushed')
    return { sessionId, runId: claimed.run.id, claimed }
  },
  quarantined,
  async lastChance(engine) {
    const subject = await quarantined(engine)
    return { ...subject, claimed: (await take(engine, subject.runId))! }
  },
  async completed(engine) {
    const subject = await running(engine)
    await finish(engine.db, subject.claimed)
    return subject
  },
  async failed(engine) {
    const subject = await running(engine)
    await finish(engine.db, subject.claimed, { status: 'failed', error: ERROR })
    return subject
  },
  async cancelled(engine) {
    const subject = await running(engine)
    await forceEndRun(engine.db, { sessionId: subject.sessionId, runId: subject.runId, status: 'cancelled' })
    return subject
  },
}

type Act = (engine: TestEngine, subject: Subject) => Promise<string>

const back =
  (reason: 'failed' | 'lapsed' | 'drained'): Act =>
  async (engine, subject) =>
    (await requeue(engine.db, hold(subject), reason)) ? 'requeued' : 'fenced'

/** A message that takes the place of all that lives. */
const replace =
  (onBusy: OnBusy): Act =>
  async (engine, { sessionId, runId }) =>
    (await engine.say(sessionId, { onBusy })).cancelled.includes(runId) ? 'cancelled' : 'untouched'

/** What each transition answers. */
export const TRANSITIONS: Record<string, Act> = {
  claim: async (engine, { runId }) =>
    (await engine.claim(await engine.newWorker(), 1, [runId])).some(({ run }) => run.id === runId)
      ? 'claimed'
      : 'nothing',
  claimQuarantined: async (engine, { runId }) => ((await take(engine, runId)) ? 'claimed' : 'nothing'),
  append: async (engine, subject) =>
    (await append(engine.db, hold(subject), created(itemOf(subject.claimed, 2, 'complete')))).length > 0
      ? 'appended'
      : 'fenced',
  complete: async (engine, { claimed }) => (await finish(engine.db, claimed)).outcome,
  fail: async (engine, { claimed }) => (await finish(engine.db, claimed, { status: 'failed', error: ERROR })).outcome,
  pause: async (engine, subject) => ((await pause(engine, hold(subject), 'another pause')) ? 'paused' : 'fenced'),
  handOver: async (engine, subject) => ((await handOver(engine, hold(subject))) ? 'handed_over' : 'fenced'),
  retry: back('failed'),
  lapse: back('lapsed'),
  giveBack: back('drained'),
  loseThirdWorker: async (engine, { sessionId, runId, claimed }) => {
    const end = { sessionId, runId, epoch: claimed.run.epoch, status: 'failed' as const, error: ERROR }
    return (await forceEndRun(engine.db, end)).outcome
  },
  resume: async (engine, subject) => {
    const again = await answer(engine, subject, FIRST)
    return again.outcome
  },
  push: async (engine, subject) => (await push(engine, targetOf(engine, subject, null), 'pushed')).outcome,
  endExternal: async (engine, subject) =>
    (await endOutside(engine, targetOf(engine, subject, null), { status: 'completed' }, 'bye')).outcome,
  cancel: async (engine, { sessionId, runId }) =>
    (await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled', error: ERROR })).outcome,
  expireDeadline: (engine, subject) => expire(engine, subject, 'end'),
  expirePause: (engine, subject) => expire(engine, subject, 'resume'),
  expireIdle: (engine, subject) => expire(engine, subject, 'push'),
  interrupt: replace('interrupt'),
  rollback: replace('rollback'),
  merge: async (engine, { sessionId, runId }) => {
    const merged = await acceptMessage(engine.db, engine.message(sessionId, { onBusy: 'merge' }))
    return merged.outcome === 'accepted' && merged.runId === runId ? 'joined' : 'untouched'
  },
  deleteSession: async (engine, { sessionId, runId }) =>
    (await deleteSessions(engine.db, engine.organizationId, [sessionId])).runIds.includes(runId)
      ? 'cancelled'
      : 'untouched',
  retryByPerson: async (engine, { sessionId, runId, claimed }) => {
    const { organizationId, agentVersionId, version } = claimed.run
    const retry = { organizationId, sessionId, runId, runType: 'chat', metadata: {}, agentVersionId, version }
    return (await retryRun(engine.db, { ...retry, inputs: await readInputs(engine.db, runId), onBusy: 'enqueue' }))
      .outcome
  },
}

/** A run's row, its status, and its head, but for the deadline, which some tests move. */
export async function rowsOf(
  engine: TestEngine,
  runId: string,
): Promise<{ run: string; status: string; head: string }> {
  const [rows] = await engine.rows<{ run: object; status: string; head: object | null }>(
    `select to_jsonb(r) - 'deadline_at' as run, r.status, to_jsonb(h) as head
     from runs r left join session_heads h using (session_id) where r.id = $1`,
    bare(runId),
  )
  return { run: JSON.stringify(rows!.run), status: rows!.status, head: JSON.stringify(rows!.head) }
}
