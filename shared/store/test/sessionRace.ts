import { expect } from '@jest/globals'
import { ON_BUSY } from '@shared/domain/agents'
import { foldSession } from '@shared/domain/foldSession'
import { idOf } from '@shared/domain/ids'
import fc from 'fast-check'
import { readSnapshot } from '../readSnapshot.ts'
import { expectSound } from './invariants.ts'
import { CALLS } from './legs.ts'
import type { ModelledSession, RealHold } from './modelledSession.ts'
import { ERROR, bare, textOf } from './testEngine.ts'

/** One verb of one of several sessions; what it answers depends on what others do at the same time. */
export interface Rush {
  session: number
  verb: string
  a: number
}

const FAILED = { status: 'failed' as const, error: ERROR }
const ANSWERS = Object.fromEntries(CALLS.map(({ callId }) => [callId, 'yes']))

type OfHold = (session: ModelledSession, hold: RealHold, rush: Rush) => Promise<string>
const OF_HOLDS: Record<string, OfHold> = {
  write: (session, hold, { a }) => session.write(hold, `${a}`, a % 2 === 0 ? 'streaming' : 'complete'),
  grow: async (session, hold) => {
    const open = hold.made.find((item) => item.status === 'streaming')
    return open ? session.grow(hold, textOf(open), '+') : 'nothing'
  },
  finish: (session, hold, { a }) => session.end(hold, 'completed', a),
  fail: (session, hold) => session.end(hold, 'failed', null),
  retry: (session, hold) => session.requeue(hold, 'failed', true),
  lapse: (session, hold) => session.requeue(hold, 'lapsed', true),
  giveBack: (session, hold) => session.requeue(hold, 'drained', true),
  loseThirdWorker: (session, hold) => session.loseThirdWorker(hold),
  pause: (session, hold) => session.pause(hold, `pause of ${hold.claimed.run.epoch}`, null),
  handOver: async (session, hold) => (hold.made.length === 0 ? session.handOver(hold) : 'nothing'),
}

type OfRun = (session: ModelledSession, runId: string, rush: Rush) => Promise<string>
const OF_RUNS: Record<string, OfRun> = {
  cancel: (session, runId) => session.cancel(runId),
  expire: (session, runId, { a }) => session.expire(runId, a % 2 === 0 ? 'end' : 'push'),
  expirePause: (session, runId) => session.expire(runId, 'resume'),
  resume: (session, runId) => resume(session, runId),
  push: (session, runId, { a }) => session.push(runId, null, `${a}`, a),
  endExternal: (session, runId, { a }) => session.endExternal(runId, null, `${a}`, { status: 'completed' }),
  retryByPerson: (session, runId) => session.retryByPerson(runId),
}

const OF_SESSIONS: Record<string, (session: ModelledSession, rush: Rush) => Promise<string>> = {
  ...Object.fromEntries(
    ON_BUSY.map((onBusy) => [onBusy, (session: ModelledSession, { a }: Rush) => session.say(onBusy, `${a}`)]),
  ),
  claim: (session) => session.claim('ordinary'),
  claimAgain: (session) => session.claim('ordinary'),
  claimQuarantined: (session) => session.claim('quarantine'),
  begin: (session, { a }) => session.begin(a % 2 === 0 ? 'input' : null, `${a}`, a, a % 3 === 0 ? FAILED : null),
}

const verbs = [OF_HOLDS, OF_HOLDS, OF_RUNS, OF_SESSIONS, OF_SESSIONS].flatMap((some) => Object.keys(some))
/** Rounds of verbs that happen at once. */
export const rounds = (sessions: number, length: number): fc.Arbitrary<Rush[][]> => {
  const rush = fc.record({ session: fc.nat(sessions - 1), verb: fc.constantFrom(...verbs), a: fc.nat(99) })
  return fc.array(fc.array(rush, { minLength: 6, maxLength: 10 }), { minLength: length, maxLength: length })
}

/** All at once, but that one worker does one thing at a time with a run. */
export async function rushAll(sessions: readonly ModelledSession[], round: readonly Rush[]): Promise<void> {
  const busy = new Set<RealHold>()
  await Promise.all(
    round.map(async (rush) => {
      const session = sessions[rush.session]!
      const { verb, a } = rush
      if (OF_SESSIONS[verb]) return OF_SESSIONS[verb](session, rush)
      const runId = session.runs.at(-1 - (a % 3))
      if (OF_RUNS[verb]) return runId && OF_RUNS[verb](session, runId, rush)
      const hold = session.holds.at(-1 - (a % 4 === 0 ? a % 3 : 0))
      if (!hold || busy.has(hold)) return
      busy.add(hold)
      return OF_HOLDS[verb]!(session, hold, rush)
    }),
  )
}

async function resume(session: ModelledSession, runId: string): Promise<string> {
  const { pause } = await session.engine.run(runId)
  return session.resume(runId, pause?.pauseId ?? 'none', ANSWERS)
}

/** Until nothing lives any more: whatever waits is done, whoever was lost has lost its run. */
export async function settleAll(session: ModelledSession): Promise<void> {
  for (;;) {
    const [row] = await session.engine.rows<{ id: string }>(
      'select id from runs where session_id = $1 and ended_at is null order by run_no limit 1',
      bare(session.sessionId),
    )
    if (!row) return
    const runId = idOf('run', row.id)
    const { status } = await session.engine.run(runId)
    if (status === 'running') await session.cancel(runId)
    if (status === 'paused') await resume(session, runId)
    if (status !== 'queued') continue
    await session.passTime()
    const claims = [await session.claim('ordinary'), await session.claim('quarantine')]
    if (!claims.includes('claimed')) throw new Error('a run that is next and due could not be claimed')
    const hold = session.holds.find(({ claimed }) => claimed.run.id === runId)
    if (hold) await session.end(session.holds.at(-1)!, 'completed', null)
  }
}

/** The books are in order, the log's fold is what the rows say, and turns have begun in their order. */
export async function expectOrder({ engine, sessionId, runs }: ModelledSession): Promise<void> {
  await expectSound(engine, sessionId)
  const log = await engine.log(sessionId)
  const snapshot = (await readSnapshot(engine.db, sessionId))!
  const view = foldSession(log)
  expect(view.items).toEqual(snapshot.items)
  expect(view.state).toEqual(snapshot.session.state)
  const begun = log.flatMap((event) => (event.type === 'run.started' ? [event.data.run.runNo] : []))
  expect(begun).toEqual([...new Set(begun)].toSorted((a, b) => a - b))
  const rows = await engine.rows<{ id: string }>('select id from runs where session_id = $1', bare(sessionId))
  expect(rows.map(({ id }) => idOf('run', id)).toSorted()).toEqual(runs.toSorted())
}
