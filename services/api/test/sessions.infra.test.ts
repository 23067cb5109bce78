import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Item, Run, Session } from '@shared/domain/objects'
import type { Page } from '../../../test/server/apiClient.ts'
import { contentsOf, viewOf } from '../../../test/server/eventChecks.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(() => server?.close())

/** All pages of a list. `between` is called after each page. */
async function readAll<Row>(person: Person, path: string, between?: () => Promise<unknown>): Promise<Row[]> {
  const rows: Row[] = []
  const separator = path.includes('?') ? '&' : '?'
  for (let cursor: string | null = ''; cursor !== null;) {
    const suffix: string = cursor === '' ? '' : `${separator}cursor=${encodeURIComponent(cursor)}`
    const { status, body } = await person.client.get<Page<Row>>(path + suffix)
    expect(status).toBe(200)
    rows.push(...body.data)
    cursor = body.nextCursor
    await between?.()
  }
  return rows
}

const idsOf = (rows: readonly { id: string }[]) => rows.map((row) => row.id)

describe('a session', () => {
  test('is created with what was said and where to find it', async () => {
    const person = await server.main.newPerson()
    const body = { agent: 'echo', metadata: { a: { b: [1] } }, title: 'Hello', space: 'shared-playground' }
    const { status, headers, body: session } = await person.client.post<Session>('/v1/sessions', body)
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/v1/sessions/${session.id}`)
    expect(session).toMatchObject({ ...body, endUserId: person.id, state: null, version: '1.0.0', lastSeq: 1 })
    expect(session).not.toHaveProperty('lastRun')
    expect(await person.client.readSession(session.id)).toEqual({ ...session, items: [] })
  })

  test('is read with its items, state, last run and last seq of one instant', async () => {
    const person = await server.main.newPerson()
    const { id } = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(id, 'one')
    const turn = await server.stage.turn(run.id)
    turn.frame('text', { delta: 'so far' })
    await server.logOf(id, (log) => log.some((event) => event.type === 'item.delta'))
    const live = await person.client.readSession(id)
    expect(contentsOf(live.items!)).toEqual(['one', 'so far'])
    expect(live.items![1]).toMatchObject({ status: 'streaming' })
    expect(live.lastRun).toMatchObject({ id: run.id, status: 'running' })
    turn.frame('state', { state: { step: 2 } })
    turn.frame('metadata', { metadata: { seen: true } })
    turn.frame('done')
    await person.client.stream('GET', `/v1/runs/${run.id}/events`).then((stream) => stream.ended)
    const ended = await person.client.readSession(id)
    const log = await server.logOf(id, () => true)
    expect(ended).toMatchObject({ state: { step: 2 }, metadata: { seen: true }, lastSeq: log.length })
    expect(ended.items!.map((item) => item.status)).toEqual(['complete', 'complete'])
    expect(ended.lastRun).toMatchObject({ id: run.id, status: 'completed' })
  })

  test('is read with its runs when asked: those that live as well, as of the same instant as the rest', async () => {
    const person = await server.main.newPerson()
    const { id } = await person.client.createSession({ agent: 'staged' })
    const [first, second] = [await person.client.say(id, 'one'), await person.client.say(id, 'two')]
    const turn = await server.stage.turn(first.run.id)
    const plain = await person.client.readSession(id)
    expect(plain).not.toHaveProperty('runs')
    const { body } = await person.client.get<Session>(`/v1/sessions/${id}?include=runs`)
    expect(body.runs!.map((run) => [run.id, run.status])).toEqual([
      [first.run.id, 'running'],
      [second.run.id, 'queued'],
    ])
    const log = await server.logOf(id, (events) => events.length >= body.lastSeq)
    // How many stand before a run is not told by events.
    const told = (runs: readonly Run[]) => runs.map(({ queuePosition: _position, ...run }) => run)
    expect(told(body.runs!)).toEqual(told(viewOf(log.slice(0, body.lastSeq)).runs))
    for (const run of [second, first]) await person.client.cancel(run.run.id)
    turn.end()
    const address = `/v1/sessions/${id}?include=everything`
    await expectRefused(server, 400, 'invalid_request', () => person.client.get(address))
  })

  test('is read with its newest 200 items', async () => {
    const person = await server.main.newPerson()
    const { id } = await person.client.createSession({ agent: 'steps' })
    await person.client.ask(id, { count: 250 })
    const { items } = await person.client.readSession(id)
    expect(items).toHaveLength(200)
    expect(items!.map((item) => item.itemNo)).toEqual(Array.from({ length: 200 }, (_, index) => index + 52))
  })
})

describe('the list of sessions', () => {
  test('is in the order of their making, newest first, and the other way round', async () => {
    const person = await server.main.newPerson()
    const made: string[] = []
    for (let i = 0; i < 7; i++) made.push((await person.client.createSession({ agent: 'echo' })).id)
    expect(idsOf(await readAll(person, '/v1/sessions?limit=3'))).toEqual(made.toSorted().toReversed())
    expect(idsOf(await readAll(person, '/v1/sessions?limit=3&order=asc'))).toEqual(made.toSorted())
    expect(idsOf(await readAll(person, '/v1/sessions?limit=7'))).toHaveLength(7)
  })

  test('has each session once though others are made between its pages', async () => {
    const person = await server.main.newPerson()
    const make = () => person.client.createSession({ agent: 'echo' })
    const made = [await make(), await make(), await make(), await make(), await make()]
    const newestFirst = await readAll<Session>(person, '/v1/sessions?limit=2', make)
    expect(idsOf(newestFirst)).toEqual(idsOf(made).toSorted().toReversed())
    let later = 2
    const oldestFirst = await readAll<Session>(person, '/v1/sessions?limit=3&order=asc', async () => {
      if (later-- > 0) await make()
    })
    expect(new Set(idsOf(oldestFirst)).size).toBe(oldestFirst.length)
    expect(idsOf(oldestFirst)).toEqual(idsOf(oldestFirst).toSorted())
    expect(idsOf(oldestFirst)).toEqual(expect.arrayContaining(idsOf(made)))
  })

  test('holds for an end user only his own, for a server all of its organization', async () => {
    const [one, two] = [await server.main.newPerson(), await server.main.newPerson()]
    const session = await one.client.createSession({ agent: 'echo' })
    await server.other.client.createSession({ agent: 'echo' })
    expect(idsOf(await readAll(one, '/v1/sessions'))).toEqual([session.id])
    expect(await readAll(two, '/v1/sessions')).toEqual([])
    const asServer = await server.main.client.get<Page<Session>>(`/v1/sessions?endUserId=${one.id}`)
    expect(idsOf(asServer.body.data)).toEqual([session.id])
    const all = await server.main.client.get<Page<Session>>('/v1/sessions?limit=200')
    const { rows } = await server.db.query<{ count: number }>('select count(*)::int as count from sessions')
    expect(all.body.data).toHaveLength(rows[0]!.count - 1)
  })

  test('is narrowed by agent, space, status of the last run, and metadata', async () => {
    const person = await server.main.newPerson()
    const plain = await person.client.createSession({ agent: 'echo', metadata: { color: 'red', size: 5 } })
    const space = await person.client.createSession({
      agent: 'staged',
      space: 'playground',
      metadata: { color: 'blue' },
    })
    await person.client.ask(plain.id, 'x')
    const { run } = await person.client.say(space.id, 'x')
    await server.stage.turn(run.id)
    const found = async (query: string) => idsOf(await readAll<Session>(person, `/v1/sessions?${query}`))
    expect(await found('agent=echo')).toEqual([plain.id])
    expect(await found('agent=absent')).toEqual([])
    expect(await found('space=playground')).toEqual([space.id])
    expect(await found('status=running')).toEqual([space.id])
    expect(await found('status=completed&agent=echo')).toEqual([plain.id])
    expect(await found('metadata.color=red')).toEqual([plain.id])
    expect(await found('metadata.color=red&metadata.size=5')).toEqual([plain.id])
    expect(await found('metadata.color=red&metadata.size=6')).toEqual([])
    expect(await found('metadata.size=5')).toEqual([plain.id])
    await person.client.cancel(run.id)
  })
})

describe('the lists of a session', () => {
  test('hold its items and runs in the order of the conversation, page by page', async () => {
    const person = await server.main.newPerson()
    const { id } = await person.client.createSession({ agent: 'echo' })
    for (const text of ['a', 'b', 'c']) await person.client.ask(id, text)
    const said = ['a', 'You said: a', 'b', 'You said: b', 'c', 'You said: c']
    const items = `/v1/sessions/${id}/items`
    expect(contentsOf(await readAll<Item>(person, `${items}?limit=1`))).toEqual(said)
    expect(contentsOf(await readAll<Item>(person, `${items}?limit=4&order=desc`))).toEqual(said.toReversed())
    expect(contentsOf(await readAll<Item>(person, items))).toEqual(said)
    const runs = (rows: Run[]) => rows.map((run) => `${run.runNo} ${run.status}`)
    const inOrder = ['1 completed', '2 completed', '3 completed']
    expect(runs(await readAll<Run>(person, `/v1/sessions/${id}/runs?limit=2`))).toEqual(inOrder)
    expect(runs(await readAll<Run>(person, `/v1/sessions/${id}/runs?limit=2&order=desc`))).toEqual(inOrder.toReversed())
  })

  test('have each item once though the conversation goes on between the pages', async () => {
    const person = await server.main.newPerson()
    const { id } = await person.client.createSession({ agent: 'echo' })
    for (const text of ['a', 'b']) await person.client.ask(id, text)
    const newestFirst = `/v1/sessions/${id}/items?limit=1&order=desc`
    const items = await readAll<Item>(person, newestFirst, () => person.client.ask(id, 'more'))
    expect(contentsOf(items)).toEqual(['You said: b', 'b', 'You said: a', 'a'])
  })

  test('have fifty rows a page unless asked otherwise, and 200 at most', async () => {
    const person = await server.main.newPerson()
    const { id } = await person.client.createSession({ agent: 'steps' })
    await person.client.ask(id, { count: 210 })
    const sizeOf = async (query: string) =>
      (await person.client.get<Page<Item>>(`/v1/sessions/${id}/items${query}`)).body.data.length
    expect([await sizeOf(''), await sizeOf('?limit=200')]).toEqual([50, 200])
  })
})
