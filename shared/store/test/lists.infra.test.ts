import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { createSession } from '../acceptMessage.ts'
import { createAnonymousEndUser } from '../endUsers.ts'
import { listSessions } from '../listSessions.ts'
import type { SessionFilter } from '../sessionFilter.ts'
import { findSession, findSessions, listItems, listRuns, readSession } from '../sessions.ts'
import { ERROR, type TestEngine, finish, startTestEngine } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

const ORDERS = ['asc', 'desc'] as const

/** Reads page by page, while `between` adds more; every row of before must come once, in order. */
async function pages<Row, Cursor>(
  read: (after: Cursor | null) => Promise<Row[]>,
  cursorOf: (row: Row) => Cursor,
  between: () => Promise<unknown>,
): Promise<Row[]> {
  const all: Row[] = []
  for (let after: Cursor | null = null; ; after = cursorOf(all.at(-1)!)) {
    const page = await read(after)
    if (page.length === 0) return all
    all.push(...page)
    if (all.length < 20) await between()
  }
}

async function newEndUser(): Promise<string> {
  return (await createAnonymousEndUser(engine.db, engine.organizationId, {})).id
}

function filterOf(endUserId: string, more: Partial<SessionFilter> = {}): SessionFilter {
  const all = { agent: null, space: null, status: null, metadata: {}, after: null }
  return { organizationId: engine.organizationId, endUserId, ...all, ...more }
}

async function sessionsOf(endUserId: string, count: number, more = {}): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const session = { ...engine.sessionWith(), endUserId, ...more }
    await createSession(engine.db, session)
    ids.push(session.id)
  }
  return ids.toSorted()
}

describe.each(ORDERS)('a list read page by page, %s, stays the same while rows are added', (order) => {
  const inOrder = <T>(rows: T[]): T[] => (order === 'asc' ? rows : rows.toReversed())

  test('of sessions', async () => {
    const endUserId = await newEndUser()
    const before = await sessionsOf(endUserId, 11)
    const read = (after: string | null) => listSessions(engine.db, filterOf(endUserId, { after }), { limit: 3, order })
    const all = await pages(read, (session) => session.id, () => sessionsOf(endUserId, 1)) // prettier-ignore
    const ids = all.map((session) => session.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => before.includes(id))).toEqual(inOrder(before))
    expect(ids).toEqual(inOrder(ids.toSorted()))
  })

  test('of runs', async () => {
    const sessionId = await engine.newSession()
    for (let i = 0; i < 8; i++) await engine.say(sessionId)
    const read = (after: number | null) => listRuns(engine.db, sessionId, after, { limit: 3, order })
    const all = await pages(read, (run) => run.runNo, () => engine.say(sessionId)) // prettier-ignore
    const numbers = all.map((run) => run.runNo)
    expect(numbers.filter((no) => no <= 8)).toEqual(inOrder([1, 2, 3, 4, 5, 6, 7, 8]))
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  test('of items', async () => {
    const sessionId = await engine.newSession()
    const turn = async () => finish(engine.db, await engine.take((await engine.say(sessionId)).runId))
    for (let i = 0; i < 4; i++) await turn()
    const read = (after: { runNo: number; itemNo: number } | null) =>
      listItems(engine.db, sessionId, after, { limit: 3, order })
    const all = await pages(read, ({ runNo, itemNo }) => ({ runNo, itemNo }), turn)
    const places = all.map(({ runNo, itemNo }) => `${runNo}.${itemNo}`)
    const before = all.flatMap(({ runNo }, i) => (runNo <= 4 ? [places[i]] : []))
    expect(before).toEqual(inOrder(['1.0', '1.1', '2.0', '2.1', '3.0', '3.1', '4.0', '4.1']))
    expect(new Set(places).size).toBe(places.length)
  })
})

describe('sessions are listed', () => {
  const PAGE = { limit: 100, order: 'asc' as const }
  const list = async (filter: SessionFilter) =>
    (await listSessions(engine.db, filter, PAGE)).map((session) => session.id)

  test('of one end user, or of all', async () => {
    const [one, two] = [await newEndUser(), await newEndUser()]
    const [ofOne, ofTwo] = [await sessionsOf(one, 2), await sessionsOf(two, 1)]
    expect(await list(filterOf(one))).toEqual(ofOne)
    expect(await list({ ...filterOf(one), endUserId: null })).toEqual(expect.arrayContaining([...ofOne, ...ofTwo]))
    expect(await list({ ...filterOf(one), organizationId: newId('organization') })).toEqual([])
  })

  test('by agent, space and metadata', async () => {
    const endUserId = await newEndUser()
    const [plain] = await sessionsOf(endUserId, 1, { metadata: { color: 'red', size: 3 } })
    const [playground] = await sessionsOf(endUserId, 1, { space: 'playground', metadata: { color: 'red', size: 4 } })
    expect(await list(filterOf(endUserId, { agent: 'eliza' }))).toHaveLength(2)
    expect(await list(filterOf(endUserId, { agent: 'nobody' }))).toEqual([])
    expect(await list(filterOf(endUserId, { space: 'playground' }))).toEqual([playground])
    expect(await list(filterOf(endUserId, { metadata: { color: 'red' } }))).toHaveLength(2)
    expect(await list(filterOf(endUserId, { metadata: { color: 'red', size: '3' } }))).toEqual([plain])
    expect(await list(filterOf(endUserId, { metadata: { size: '3.5' } }))).toEqual([])
    expect(await list(filterOf(endUserId, { metadata: { taste: 'sour' } }))).toEqual([])
    const [odd] = await sessionsOf(endUserId, 1, { metadata: { paid: true, code: '007' } })
    expect(await list(filterOf(endUserId, { metadata: { paid: 'true', code: '007' } }))).toEqual([odd])
    expect(await list(filterOf(endUserId, { metadata: { code: '7' } }))).toEqual([])
  })

  test('by the status of their last run', async () => {
    const endUserId = await newEndUser()
    const [idle, queued, done] = await sessionsOf(endUserId, 3)
    await engine.say(queued!)
    await finish(engine.db, await engine.take((await engine.say(done!)).runId))
    expect(await list(filterOf(endUserId, { status: 'queued' }))).toEqual([queued])
    expect(await list(filterOf(endUserId, { status: 'completed' }))).toEqual([done])
    const { runId } = await engine.say(done!)
    expect(await list(filterOf(endUserId, { status: 'completed' }))).toEqual([])
    await engine.take(runId)
    expect(await list(filterOf(endUserId, { status: 'running' }))).toEqual([done])
    await engine.say(done!)
    expect(await list(filterOf(endUserId, { status: 'running' }))).toEqual([])
    expect(await list(filterOf(endUserId, { status: 'queued' }))).toEqual([queued, done])
    expect(await list(filterOf(endUserId))).toContain(idle)
    const [lost] = await sessionsOf(endUserId, 1)
    const claimed = await engine.take((await engine.say(lost!)).runId)
    await finish(engine.db, claimed, { status: 'failed', error: ERROR })
    expect(await list(filterOf(endUserId, { status: 'failed' }))).toEqual([lost])
    await finish(engine.db, await engine.take((await engine.say(lost!)).runId))
    expect(await list(filterOf(endUserId, { status: 'failed' }))).toEqual([])
  })
})

test('a session is found by its organization and its end user only', async () => {
  const session = engine.sessionWith()
  await createSession(engine.db, session)
  const { organizationId, endUserId, agentId } = session
  const access = { id: session.id, organizationId, agentId, endUserId, version: null }
  expect(await findSession(engine.db, { organizationId, endUserId: null }, session.id)).toEqual(access)
  expect(await findSession(engine.db, { organizationId, endUserId }, session.id)).toEqual(access)
  expect(await findSession(engine.db, { organizationId, endUserId: newId('endUser') }, session.id)).toBeNull()
  expect(
    await findSession(engine.db, { organizationId: newId('organization'), endUserId: null }, session.id),
  ).toBeNull()
  const asked = [
    { organizationId, endUserId: null, sessionId: session.id },
    { organizationId, endUserId: newId('endUser'), sessionId: session.id },
    { organizationId: newId('organization'), endUserId: null, sessionId: session.id },
    { organizationId, endUserId, sessionId: newId('session') },
    { organizationId, endUserId, sessionId: session.id },
  ]
  expect(await findSessions(engine.db, asked)).toEqual([access, null, null, null, access])
  expect(await readSession(engine.db, session.id)).toMatchObject({
    id: session.id,
    lastSeq: 1,
    version: '1.0.0',
    handle: session.id.slice(-8),
  })
  expect(await readSession(engine.db, newId('session'))).toBeNull()
})
