import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { uuidOf } from '@shared/domain/ids'
import type { Memory, MemoryWrite } from '@shared/domain/memories'
import { isEnded } from '@shared/domain/runStates'
import { tunables } from '@shared/domain/tunables'
import type { Page } from '../../../test/server/apiClient.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
beforeAll(async () => {
  server = await startTestServer()
})
beforeEach(async () => {
  person = await server.main.newPerson()
})
afterAll(() => server?.close())

const remember = (body: object, headers?: Record<string, string>) =>
  person.client.post<Memory>('/v1/memories', body, headers)
const list = async (query = '') => (await person.client.get<Page<Memory>>(`/v1/memories${query}`)).body.data
const contents = async (query = '') => (await list(query)).map(({ content }) => content).toReversed()
const countOf = async () =>
  (
    await server.rows<{ n: number }>(
      'select memory_count as n from end_users where id = $1',
      uuidOf('endUser', person.id),
    )
  )[0]!.n

async function endOf(runId: string) {
  await eventually(async () => isEnded((await person.client.readRun(runId)).status))
  return person.client.readRun(runId)
}

describe('memories', () => {
  test('are made, read, changed and forgotten', async () => {
    const { status, body, headers } = await remember({ topic: 'drinks', content: 'likes tea' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/v1/memories/${body.id}`)
    expect(body).toMatchObject({ endUserId: person.id, topic: 'drinks', content: 'likes tea' })
    const path = `/v1/memories/${body.id}`
    expect((await person.client.get<Memory>(path)).body).toEqual(body)
    const change = (more: object) => person.client.request<Memory>('PATCH', path, { body: more })
    expect((await change({ content: 'likes green tea' })).body).toMatchObject({
      topic: 'drinks',
      content: 'likes green tea',
    })
    const changed = (await person.client.get<Memory>(path)).body
    expect((await change({})).body).toEqual(changed)
    const bare = (await change({ topic: null })).body
    expect(bare).toMatchObject({ content: 'likes green tea', createdAt: body.createdAt })
    expect(bare.topic).toBeUndefined()
    expect((await person.client.request('DELETE', path)).status).toBe(204)
    await expectRefused(server, 404, 'not_found', () => person.client.request('DELETE', path))
    expect(await countOf()).toBe(0)
  })

  test('are listed page by page, by topic, and by words in any case and order', async () => {
    for (const [topic, content] of [
      ['drinks', 'Likes GREEN tea'],
      ['drinks', 'no coffee'],
      ['home', 'lives in Łódź, 100 % sure_'],
      [undefined, 'tea is green'],
    ])
      await remember({ ...(topic && { topic }), content })
    expect(await contents()).toEqual(['Likes GREEN tea', 'no coffee', 'lives in Łódź, 100 % sure_', 'tea is green'])
    expect(await contents('?topic=drinks')).toEqual(['Likes GREEN tea', 'no coffee'])
    expect(await contents('?search=tea%20green')).toEqual(['Likes GREEN tea', 'tea is green'])
    expect(await contents('?search=drinks&topic=drinks')).toEqual(['Likes GREEN tea', 'no coffee'])
    expect(await contents(`?search=${encodeURIComponent('łódź 100 % e_')}`)).toEqual(['lives in Łódź, 100 % sure_'])
    expect(await contents('?search=tea%20coffee')).toEqual([])
    const first = (await person.client.get<Page<Memory>>('/v1/memories?limit=3&order=asc')).body
    const rest = await list(`?limit=3&order=asc&cursor=${first.nextCursor}`)
    expect([...first.data, ...rest].map(({ content }) => content)).toEqual(await contents())
    const topics = await person.client.get('/v1/memories/topics')
    expect(topics.body).toEqual({
      data: [
        { topic: 'drinks', memories: 2 },
        { topic: 'home', memories: 1 },
      ],
    })
  })

  test('are made once under one key', async () => {
    const key = { 'idempotency-key': 'once' }
    const all = await Promise.all(Array.from({ length: 8 }, () => remember({ content: 'x' }, key)))
    expect(new Set(all.map(({ body }) => body.id)).size).toBe(1)
    expect(all.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(7)
    await expectRefused(server, 422, 'idempotency_mismatch', () => remember({ content: 'y' }, key))
    expect(await list()).toHaveLength(1)
  })

  test('a server says whose they are', async () => {
    const { client } = server.main
    const { body } = await client.post<Memory>('/v1/memories', { endUserId: person.id, content: 'by the server' })
    expect(await list()).toEqual([body])
    await expectRefused(server, 400, 'invalid_request', () => client.get('/v1/memories'))
    await expectRefused(server, 400, 'invalid_request', () => client.post('/v1/memories', { content: 'x' }))
    const other = await server.main.newPerson()
    await expectRefused(server, 404, 'not_found', () => remember({ endUserId: other.id, content: 'x' }))
  })

  test('that are too long or too many are refused', async () => {
    await expectRefused(server, 413, 'payload_too_large', () => remember({ content: 'ł'.repeat(4_000) }))
    await expectRefused(server, 400, 'invalid_request', () => remember({ content: 'x'.repeat(5_000) }))
    await fill(tunables.memories.most)
    await expectRefused(server, 409, 'limit_reached', () =>
      remember({ content: 'one more' }, { 'idempotency-key': 'full' }),
    )
    const [newest] = await list('?limit=1')
    await person.client.request('DELETE', `/v1/memories/${newest!.id}`)
    expect((await remember({ content: 'one more' }, { 'idempotency-key': 'full' })).status).toBe(201)
    expect(await countOf()).toBe(tunables.memories.most)
  })
})

/** So many memories, written one minute after the other, the first ones longest ago. */
async function fill(count: number): Promise<void> {
  await server.rows(
    `with made as (
       insert into memories (id, organization_id, end_user_id, content, created_at, updated_at)
         select gen_random_uuid(), u.organization_id, u.id, 'old ' || n, at, at
         from end_users u, generate_series(1, $2::int) n, lateral (select now() - make_interval(mins => $2::int - n + 1) as at) t
         where u.id = $1
     ) update end_users set memory_count = $2 where id = $1`,
    uuidOf('endUser', person.id),
    count,
  )
}

describe('an agent app', () => {
  /** A turn that says this of memories; what it was told before. */
  async function turn(writes: MemoryWrite[] | null, as: 'frames' | 'answer' = 'frames') {
    const { id } = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(id, 'x')
    const { request, frame, answer, end } = await server.stage.turn(run.id)
    if (as === 'answer') answer(200, { items: [{ type: 'x' }], ...(writes && { memories: writes }) })
    else {
      frame('text', { delta: 'y' })
      for (const write of writes ?? []) frame('memories', { memories: [write] })
      frame('done')
      end()
    }
    const ended = await endOf(run.id)
    return { run: ended, told: request.memories }
  }

  test.each(['frames', 'answer'] as const)('writes in %s and is told at the next turn', async (as) => {
    const first = await turn([{ topic: 'drinks', content: 'likes tea' }, { content: 'lives far away' }], as)
    expect(first).toMatchObject({ told: [], run: { status: 'completed' } })
    const kept = await list()
    expect(kept).toMatchObject([{ sourceRunId: first.run.id }, { sourceRunId: first.run.id }])
    const second = await turn(null)
    expect(second.told.map(({ content }) => content).toSorted()).toEqual(['likes tea', 'lives far away'])

    const tea = second.told.find(({ topic }) => topic === 'drinks')!
    const far = second.told.find(({ topic }) => topic === undefined)!
    await turn([
      { id: tea.id, content: 'likes coffee' },
      { id: far.id, content: null },
      { topic: 'drinks', content: 'likes coffee' },
      { content: 'sings' },
      { content: 'sings' },
    ])
    expect(await contents()).toEqual(['likes coffee', 'sings'])
    expect(await countOf()).toBe(2)
  })

  test('that pauses is remembered as well', async () => {
    const { id } = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(id, 'x')
    const { frame, end } = await server.stage.turn(run.id)
    frame('memories', { memories: [{ content: 'likes tea' }] })
    frame('pause', { toolCalls: [{ callId: 'c1', name: 'ask', arguments: {} }] })
    end()
    await eventually(async () => (await person.client.readRun(run.id)).status === 'paused')
    expect(await contents()).toEqual(['likes tea'])
  })

  test('that says the same again writes nothing, and what is gone stays gone', async () => {
    await turn([{ content: 'likes tea' }])
    const [known] = await list()
    await turn([{ content: 'likes tea' }])
    expect(await list()).toEqual([known])
    await person.client.request('DELETE', `/v1/memories/${known!.id}`)
    await turn([{ id: known!.id, content: 'back again' }])
    expect(await list()).toEqual([])
  })

  test('touches nobody else’s', async () => {
    const { body } = await remember({ content: 'mine' })
    const mine = person
    person = await server.main.newPerson()
    await turn([{ id: body.id, content: 'stolen' }])
    await turn([{ id: body.id, content: null }])
    expect(await list()).toEqual([])
    person = mine
    expect(await list()).toEqual([body])
  })

  test('beyond the most makes the oldest forgotten, and is told the newest', async () => {
    await fill(tunables.memories.most)
    await turn([{ content: 'new 1' }, { content: 'new 2' }])
    expect(await countOf()).toBe(tunables.memories.most)
    const all = await server.rows<{ content: string }>(
      'select content from memories where end_user_id = $1 order by updated_at',
      uuidOf('endUser', person.id),
    )
    expect(all).toHaveLength(tunables.memories.most)
    expect(all[0]!.content).toBe('old 3')
    const { told } = await turn(null)
    expect(told).toHaveLength(tunables.memories.told)
    expect(
      told
        .slice(-2)
        .map(({ content }) => content)
        .toSorted(),
    ).toEqual(['new 1', 'new 2'])
  })

  test.each<[string, unknown]>([
    ['no content', [{ topic: 'x' }]],
    ['nothing to forget', [{ content: null }]],
    ['an id that is none', [{ id: 'x', content: 'x' }]],
    ['too long', [{ content: 'x'.repeat(5_000) }]],
    ['too many', Array.from({ length: 101 }, () => ({ content: 'x' }))],
    ['something unknown', [{ content: 'x', endUserId: 'y' }]],
  ])('that sends %s fails, and nothing is remembered', async (_what, memories) => {
    const { id } = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(id, 'x')
    const staged = await server.stage.turn(run.id)
    staged.frame('memories', { memories: [{ content: 'good' }] })
    staged.frame('memories', { memories })
    staged.frame('text', { delta: 'y' })
    staged.frame('done')
    staged.end()
    expect(await endOf(run.id)).toMatchObject({ status: 'failed', error: { code: 'invalid_output' } })
    expect(await list()).toEqual([])
  })

  test('many turns of one person at once lose nothing and block nobody', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => turn([{ content: `fact ${n}` }, { content: 'the same for all' }])),
    )
    expect(await list('?limit=200')).toHaveLength(21)
    expect(await countOf()).toBe(21)
  })
})
