import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { deleteSessions, eraseSessions } from '../deleteSessions.ts'
import { findOverdueRuns, findUnclaimedRuns } from '../dueRuns.ts'
import { readEvents, readLogEnds, readMovedSeqs } from '../readEvents.ts'
import { readSnapshot } from '../readSnapshot.ts'
import { findRun } from '../runs.ts'
import { listSessions } from '../listSessions.ts'
import { findSession, findSessions, readSession } from '../sessions.ts'
import { readMetadataNow, updateSession } from '../updateSession.ts'
import { STATES, TRANSITIONS } from './subjects.ts'
import { type TestEngine, bare, finish, startTestEngine } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

const remove = (sessionId: string) => deleteSessions(engine.db, engine.organizationId, [sessionId])

/** All rows of a session, as text, but for deadlines, which some tests move. */
async function rowsOf(sessionId: string): Promise<string> {
  const [row] = await engine.rows<{ rows: unknown }>(
    `select jsonb_build_array(
       (select jsonb_agg(to_jsonb(h)) from session_heads h where h.session_id = $1),
       (select jsonb_agg(to_jsonb(s)) from sessions s where s.id = $1),
       (select jsonb_agg(to_jsonb(r) - 'deadline_at' order by r.id) from runs r where r.session_id = $1),
       (select jsonb_agg(to_jsonb(i) order by i.id) from items i where i.session_id = $1),
       (select jsonb_agg(to_jsonb(e) order by e.seq) from session_events e where e.session_id = $1),
       (select jsonb_agg(to_jsonb(d) order by d.seq) from session_deltas d where d.session_id = $1),
       (select jsonb_agg(to_jsonb(a) order by a.run_id, a.attempt) from attempts a join runs r on r.id = a.run_id where r.session_id = $1),
       (select jsonb_agg(to_jsonb(p) order by p.run_id, p.leg) from pauses p join runs r on r.id = p.run_id where r.session_id = $1)
     ) as rows`,
    bare(sessionId),
  )
  return JSON.stringify(row!.rows)
}

describe.each(Object.keys(STATES))('a session that was deleted while its run was %s', (state) => {
  test.each(Object.keys(TRANSITIONS))('is touched by no %s', async (transition) => {
    const subject = await STATES[state]!(engine)
    await remove(subject.sessionId)
    const before = await rowsOf(subject.sessionId)
    const answer = await TRANSITIONS[transition]!(engine, subject).catch((error: Error) => error.message)
    expect(answer).not.toMatch(/^(claimed|appended|ended|paused|handed_over|requeued|resumed|pushed|cancelled|joined)$/)
    expect(await rowsOf(subject.sessionId)).toBe(before)
  })
})

test('it is absent to everybody who reads, and found by no look for what is to be done', async () => {
  const { sessionId, runId } = await STATES['running']!(engine)
  const next = await engine.say(sessionId)
  const scope = { organizationId: engine.organizationId, endUserId: null }
  const deleted = await remove(sessionId)
  expect(deleted).toEqual({ sessionIds: [sessionId], runIds: [runId, next.runId] })
  expect(await findSession(engine.db, scope, sessionId)).toBeNull()
  expect(await findSessions(engine.db, [{ ...scope, sessionId }])).toEqual([null])
  expect(await readSession(engine.db, sessionId)).toBeNull()
  expect(await readSnapshot(engine.db, sessionId)).toBeNull()
  expect(await readEvents(engine.db, sessionId, 0, 10)).toBeNull()
  expect(await readLogEnds(engine.db, [sessionId])).toEqual([null])
  expect(await readMovedSeqs(engine.db, new Map([[sessionId, 3]]))).toEqual(new Map([[sessionId, null]]))
  expect(await readMetadataNow(engine.db, sessionId)).toBeNull()
  expect(await findRun(engine.db, scope, runId)).toBeNull()
  const all = { agent: null, space: null, status: null, metadata: {}, after: null }
  const listed = await listSessions(engine.db, { ...scope, ...all }, { limit: 200, order: 'desc' })
  expect(listed.map(({ id }) => id)).not.toContain(sessionId)
  await engine.rows(
    `update runs set deadline_at = clock_timestamp() - interval '1 hour' where session_id = $1`,
    bare(sessionId),
  )
  expect((await findOverdueRuns(engine.db, 500)).map((run) => run.runId)).not.toContain(runId)
  expect(await findUnclaimedRuns(engine.db, 0, 500)).not.toContain(next.runId)
  const change = { organizationId: engine.organizationId, sessionId, metadataHash: 'x', metadata: {} }
  expect(await updateSession(engine.db, change)).toEqual({ outcome: 'absent' })
})

test('is deleted once, and by its own organization only', async () => {
  const sessionId = await engine.newSession()
  const nothing = { sessionIds: [], runIds: [] }
  expect(await deleteSessions(engine.db, 'org_01jd0000000000000000000000', [sessionId])).toEqual(nothing)
  const atOnce = await Promise.all(Array.from({ length: 5 }, () => remove(sessionId)))
  expect(atOnce.filter((deleted) => deleted.sessionIds.length > 0)).toHaveLength(1)
  expect(await remove(sessionId)).toEqual(nothing)
})

test('whoever waits for its head finds it absent', async () => {
  const subject = await STATES['running']!(engine)
  const client = await engine.db.connect()
  await client.query('begin')
  await client.query('select 1 from session_heads where session_id = $1 for update', [bare(subject.sessionId)])
  const removing = remove(subject.sessionId)
  await engine.untilSomebodyWaits(1)
  const ending = finish(engine.db, subject.claimed)
  await engine.untilSomebodyWaits(2)
  await client.query('commit')
  client.release()
  const [deleted, ended] = [await removing, await ending]
  // The first in line most often; whoever comes second finds what the first has left.
  expect(deleted.sessionIds).toEqual([subject.sessionId])
  expect(['absent', 'ended', 'fenced']).toContain(ended.outcome)
  const before = await rowsOf(subject.sessionId)
  expect((await finish(engine.db, subject.claimed)).outcome).toBe('absent')
  expect(await rowsOf(subject.sessionId)).toBe(before)
})

test('all rows of it vanish, batch by batch, and those of others stay', async () => {
  const doomed: string[] = []
  for (const state of Object.values(STATES)) doomed.push((await state(engine)).sessionId)
  const ids = doomed.map(bare)
  const rowsOfOthers = async () =>
    engine.rows<{ sessions: number; events: number; items: number; runs: number }>(
      `select (select count(*) from sessions where deleted_at is null) as sessions,
         (select count(*) from session_events e join session_heads h using (session_id) where session_id <> all ($1)) as events,
         (select count(*) from items e join session_heads h using (session_id) where session_id <> all ($1)) as items,
         (select count(*) from runs e join session_heads h using (session_id) where session_id <> all ($1)) as runs`,
      ids,
    )
  await deleteSessions(engine.db, engine.organizationId, doomed)
  const others = await rowsOfOthers()
  let steps = 0
  while (await eraseSessions(engine.db, 3, 4)) steps++
  expect(steps).toBeGreaterThan(doomed.length)
  const left = await engine.rows(
    `select id from sessions where deleted_at is not null
     union all select session_id from session_events where session_id = any ($1)
     union all select session_id from session_deltas where session_id = any ($1)
     union all select session_id from items where session_id = any ($1)
     union all select session_id from runs where session_id = any ($1)
     union all select run_id from attempts a where not exists (select from runs r where r.id = a.run_id)
     union all select run_id from pauses a where not exists (select from runs r where r.id = a.run_id)`,
    ids,
  )
  expect(left).toEqual([])
  expect(await rowsOfOthers()).toEqual(others)
})
