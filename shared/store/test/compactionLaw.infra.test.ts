import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { SessionEvent } from '@shared/domain/events'
import { type SessionView, foldSession } from '@shared/domain/foldSession'
import type { Run } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import fc from 'fast-check'
import { ensureDeltaPartitions } from '../dueRuns.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { readEvents } from '../readEvents.ts'
import { type SessionSnapshot, readSnapshot } from '../readSnapshot.ts'
import { listRuns } from '../sessions.ts'
import { compactDeltas, floorOf, forgetEvents } from './compacting.ts'
import { RandomSession } from './randomSession.ts'
import { type TestEngine, bare, startTestEngine } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

/** All that has ended is long over, and the hour that is written now as well: what can be compacted, is. */
const LONG_AGO = -2 * 3_600_000

/** Sessions with long queues, and runs that make much before they end. */
const STEPS = ['say', 'say', 'say', 'claim', 'claim', 'open', 'open', 'whole', 'grow', 'grow', 'grow', 'close', 'finish', 'fail', 'retry', 'lapse', 'cancel'] as const // prettier-ignore
const sessions = fc.array(fc.record({ step: fc.constantFrom(...STEPS), pick: fc.nat(99) }), {
  minLength: 60,
  maxLength: 60,
})

async function compactAll(withEvents: boolean): Promise<string[]> {
  const outcomes = await compactDeltas(engine, LONG_AGO)
  if (withEvents) await forgetEvents(engine, LONG_AGO, LONG_AGO)
  await ensureDeltaPartitions(engine.db, 1)
  return outcomes
}

/** See snapshot.infra.test.ts: what the log says of a run only later, or once, is no part of the comparison. */
function comparable({ seq, session, state, items, runs }: Omit<SessionView, 'retrying'>) {
  const plain = runs.map(({ queuePosition: _place, ...run }: Run) =>
    run.status === 'queued' ? { ...run, attempts: run.attempts.length } : run,
  )
  return { seq, metadata: session?.metadata, state, items, runs: plain }
}

function eventOf({ seq, ...data }: SessionSnapshot): SessionEvent {
  return { seq, type: 'snapshot', sessionId: data.session.id, at: data.session.createdAt, data }
}

/** What a reader gets who comes with a cursor: events, or a snapshot and the events after it. */
async function readFrom(sessionId: string, cursor: number): Promise<SessionEvent[]> {
  const page = (await readEvents(engine.db, sessionId, cursor, 100_000))!
  if (cursor >= page.floorSeq) return page.events
  const snapshot = (await readSnapshot(engine.db, sessionId))!
  return [eventOf(snapshot), ...(await readEvents(engine.db, sessionId, snapshot.seq, 100_000))!.events]
}

async function endAll(sessionId: string): Promise<void> {
  const runs = await listRuns(engine.db, sessionId, null, { limit: 200, order: 'desc' })
  for (const run of runs.filter(({ status }) => !isEnded(status)))
    await forceEndRun(engine.db, { sessionId, runId: run.id, status: 'cancelled' })
}

test('whenever it is compacted, any cursor and any snapshot lead to the view of a reader who was always there', async () => {
  let dropped = 0
  let forgotten = 0
  await fc.assert(
    fc.asyncProperty(sessions, fc.nat(), async (sequence, seed) => {
      const session = new RandomSession(engine, await engine.newSession())
      const { sessionId } = session
      const live: SessionEvent[] = []
      const readOn = async () => {
        live.push(...(await readEvents(engine.db, sessionId, live.length, 100_000))!.events)
      }
      const snapshots: SessionSnapshot[] = []
      const check = async (cursor: number) => {
        const read = await readFrom(sessionId, cursor)
        const after = read[0]?.type === 'snapshot' ? read.slice(1) : read
        const first = read[0]?.type === 'snapshot' ? read[0].seq : cursor
        expect(after.map((event) => event.seq)).toEqual(after.map((_, i) => first + i + 1))
        expect(comparable(foldSession(read, foldSession(live.slice(0, cursor))))).toEqual(comparable(foldSession(live)))
      }
      for (const [at, step] of sequence.entries()) {
        await session.take(step)
        await readOn()
        const chance = (seed + at * 7 + step.pick) % 12
        // a run that ends in the queue has its end amid the events of the one before it
        if (chance === 0 || step.step === 'cancel') {
          const floor = await floorOf(engine, sessionId)
          dropped += (await compactAll(chance % 2 === 0)).filter((outcome) => outcome === 'dropped').length
          expect(await floorOf(engine, sessionId)).toBeGreaterThanOrEqual(floor)
          await check(floor)
          await check((seed * 31 + at) % (live.length + 1))
        }
        if (chance === 2) snapshots.push((await readSnapshot(engine.db, sessionId))!)
      }
      await endAll(sessionId)
      await readOn()
      expect(live.map((event) => event.seq)).toEqual(live.map((_, i) => i + 1))
      for (const snapshot of snapshots) {
        const whole = comparable(foldSession(live))
        expect(comparable(foldSession([eventOf(snapshot), ...live.slice(snapshot.seq)]))).toEqual(whole)
      }
      await compactAll(true)
      await check(0)
      const [row] = await engine.rows<{ left: number }>(
        'select count(*)::int as left from session_log where session_id = $1',
        bare(sessionId),
      )
      if (row!.left === 0) forgotten++
    }),
    { numRuns: 12 },
  )
  // it was about what is gone
  expect(dropped).toBeGreaterThan(0)
  expect(forgotten).toBeGreaterThan(0)
})
