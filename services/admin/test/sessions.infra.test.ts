import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { AttemptDetail, Mark, SessionDetail, SessionRow } from '@shared/contracts/adminObjects'
import type { EndUser, Item, Run } from '@shared/domain/objects'
import { type AdminClient, newMember } from '../../../test/server/adminClient.ts'
import type { Page } from '../../../test/server/apiClient.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type AdminServer, startAdminServer } from '../../../test/server/startAdminServer.ts'
import type { Tenant } from '../../../test/server/tenant.ts'

let server: AdminServer
let tenant: Tenant
let reviewer: AdminClient

beforeAll(async () => {
  server = await startAdminServer()
})
afterAll(() => server?.close())
beforeEach(async () => {
  tenant = await server.newTenant()
  reviewer = await newMember(server, tenant.organizationId, 'reviewer', 'Rita')
})

const list = async (query = '', by = reviewer) => (await by.get<Page<SessionRow>>(`/sessions${query}`)).body
const idsOf = async (query: string) => (await list(query)).data.map(({ id }) => id)
const begin = (more: object = {}) => tenant.client.createSession({ agent: 'echo', ...more })

describe('the list of sessions', () => {
  test('tells of each what a person chooses by', async () => {
    const { body: person } = await tenant.client.post<EndUser>('/v1/end-users', { externalId: 'anna' })
    const session = await begin({ endUserId: person.id, title: 'Shoes', metadata: { plan: 'pro' } })
    const { run, items } = await tenant.client.ask(session.id, `My  shoes\nare ${'x'.repeat(300)}`)
    await tenant.client.post(`/v1/items/${items.at(-1)!.id}/feedback`, { value: 'down' })
    const { data } = await list()
    const lastSeq = (await tenant.client.readSession(session.id)).lastSeq
    expect(data).toMatchObject([
      {
        id: session.id,
        title: 'Shoes',
        agent: 'echo',
        version: '1.0.0',
        lastSeq,
        endUser: { id: person.id, externalId: 'anna', anonymous: false },
        lastRun: { id: run.id, status: 'completed' },
        runCount: 1,
        preview: expect.stringMatching(/^My shoes are x+…$/),
        scores: [{ itemId: items.at(-1)!.id, name: 'feedback', value: 'down', by: 'apiKey' }],
        openComments: 0,
        mark: { seenSeq: 0, starred: false, following: false },
        unread: true,
      },
    ])
    expect(data[0]!.preview!.length).toBe(200)
  })

  test('goes page by page, stable while sessions are made', async () => {
    const made = []
    for (let number = 0; number < 5; number++) made.push((await begin()).id)
    const first = await list('?limit=2')
    await begin()
    const second = await list(`?limit=2&cursor=${first.nextCursor}`)
    const third = await list(`?limit=2&cursor=${second.nextCursor}`)
    expect([...first.data, ...second.data, ...third.data].map(({ id }) => id)).toEqual(made.toReversed())
    expect(third.nextCursor).toBeNull()
    expect((await list('?order=asc&limit=1')).data[0]!.id).toBe(made[0])
  })

  test('is narrowed by agent, version, space, status, person, time and metadata', async () => {
    const { body: person } = await tenant.client.post<EndUser>('/v1/end-users', { externalId: 'anna' })
    const plain = await begin()
    const asking = await begin({ agent: 'asking', space: 'playground' })
    const own = await begin({ endUserId: person.id, metadata: { plan: 'pro', seats: 3 } })
    await tenant.client.ask(plain.id, 'Hello')
    await tenant.client.ask(asking.id, 'Hello')
    expect(await idsOf('?agent=asking')).toEqual([asking.id])
    expect(await idsOf('?agent=nobody')).toEqual([])
    expect(await idsOf('?version=1.0.0')).toEqual([asking.id, plain.id])
    expect(await idsOf('?space=playground')).toEqual([asking.id])
    expect(await idsOf('?space=production')).toEqual([own.id, plain.id])
    expect(await idsOf('?status=completed')).toEqual([plain.id])
    expect(await idsOf('?status=paused')).toEqual([asking.id])
    expect(await idsOf('?status=failed')).toEqual([])
    expect(await idsOf(`?endUserId=${person.id}`)).toEqual([own.id])
    expect(await idsOf('?metadata.plan=pro&metadata.seats=3')).toEqual([own.id])
    expect(await idsOf('?metadata.plan=free')).toEqual([])
    expect(await idsOf(`?from=${own.createdAt}`)).toEqual([own.id])
    const later = new Date(Date.parse(own.createdAt) + 1).toISOString()
    expect(await idsOf(`?from=${asking.createdAt}&to=${later}&agent=echo`)).toEqual([own.id])
    expect(await idsOf(`?to=${plain.createdAt}`)).toEqual([])
    const count = async (query: string) => (await reviewer.get(`/sessions/count${query}`)).body
    expect(await count('')).toEqual({ count: 3, capped: false })
    expect(await count('?agent=asking')).toEqual({ count: 1, capped: false })
  })

  test('is narrowed by scores, whoever gave them', async () => {
    const scored = async (value: unknown) => {
      const session = await begin()
      const { items } = await tenant.client.ask(session.id, 'Hello')
      await tenant.client.post(`/v1/items/${items.at(-1)!.id}/feedback`, { value })
      return session.id
    }
    const [up, two, five] = [await scored('up'), await scored(2), await scored(5)]
    await begin()
    const by = (is: string, value: string) => idsOf(`?score=feedback&scoreIs=${is}&scoreValue=${value}`)
    expect(await idsOf('?score=feedback')).toEqual([five, two, up])
    expect(await idsOf('?score=feedback&scoreValue="up"')).toEqual([up])
    expect(await by('lt', '5')).toEqual([two])
    expect(await by('gte', '2')).toEqual([five, two])
    expect(await by('ne', '2')).toEqual([five])
    expect(await idsOf('?score=tone')).toEqual([])
  })

  test('refuses what it does not know', async () => {
    const wrong = [
      '?limit=0',
      '?limit=201',
      '?sort=title',
      '?status=odd',
      '?from=yesterday',
      '?scoreValue=1',
      '?to=0000-01-01T00:00:00Z',
      '?from=2026-01-01T23:59:60Z',
    ]
    for (const query of [...wrong, '?score=a&scoreValue=up', '?unread=perhaps', '?endUserId=eu_1', '?metadata.=1'])
      await expectRefused(server, 400, 'invalid_request', () => reviewer.get(`/sessions${query}`))
    await expectRefused(server, 400, 'invalid_cursor', () => reviewer.get('/sessions?cursor=x'))
    const many = Array.from({ length: 11 }, (_, index) => `metadata.k${index}=1`).join('&')
    await expectRefused(server, 400, 'invalid_request', () => reviewer.get(`/sessions?${many}`))
  })

  test('has no deleted session', async () => {
    const [kept, gone] = [await begin(), await begin()]
    await tenant.client.request('DELETE', `/v1/sessions/${gone.id}`)
    expect(await idsOf('')).toEqual([kept.id])
    await expectRefused(server, 404, 'not_found', () => reviewer.get(`/sessions/${gone.id}`))
  })
})

describe('marks', () => {
  const mark = (id: string, body: object, by = reviewer) => by.patch<Mark>(`/sessions/${id}/mark`, body)

  test('are each member’s own: seen, unread, starred', async () => {
    const colleague = await newMember(server, tenant.organizationId, 'viewer', 'Vera')
    const [one, two] = [await begin(), await begin()]
    const { run } = await tenant.client.ask(one.id, 'Hello')
    expect(run.status).toBe('completed')
    const { lastSeq } = await tenant.client.readSession(one.id)
    expect((await mark(one.id, { seenSeq: lastSeq, starred: true })).body).toEqual({
      seenSeq: lastSeq,
      seenChange: 0,
      starred: true,
      following: true,
    })
    expect(await idsOf('?unread=true')).toEqual([two.id])
    expect(await idsOf('?unread=false')).toEqual([one.id])
    expect(await idsOf('?starred=true')).toEqual([one.id])
    expect(await idsOf('?starred=false')).toEqual([two.id])
    expect((await list('?unread=true', colleague)).data).toHaveLength(2)
    expect((await list('?starred=true', colleague)).data).toEqual([])
    await tenant.client.ask(one.id, 'More')
    expect(await idsOf('?unread=true')).toEqual([two.id, one.id])
  })

  test('never go back, nor beyond what there is', async () => {
    const session = await begin()
    const { lastSeq } = await tenant.client.readSession(session.id)
    expect((await mark(session.id, { seenSeq: 1_000_000, seenChange: 7 })).body).toMatchObject({
      seenSeq: lastSeq,
      seenChange: 0,
    })
    expect((await mark(session.id, { seenSeq: 0 })).body.seenSeq).toBe(lastSeq)
    expect((await mark(session.id, { following: false, starred: true })).body).toMatchObject({ following: false })
    await expectRefused(server, 400, 'invalid_request', () => mark(session.id, { seenSeq: -1 }))
  })

  test('who has caught up finds nothing unread until something happens', async () => {
    const [one, two] = [await begin(), await begin()]
    expect((await reviewer.post('/sessions/seen')).status).toBe(204)
    expect(await idsOf('?unread=true')).toEqual([])
    await tenant.client.ask(two.id, 'Hello')
    expect(await idsOf('?unread=true')).toEqual([two.id])
    expect(await idsOf('?unread=false')).toEqual([one.id])
    const [{ count }] = (await server.rows<{ count: number }>(
      'select count(*) as count from session_marks where session_id = any (array(select session_id from session_heads where organization_id = (select organization_id from members order by id desc limit 1)))',
    )) as [{ count: number }]
    expect(count).toBe(0)
  })
})

describe('a session', () => {
  test('is read as of one instant, with its person, runs and attempts, and the earlier items page by page', async () => {
    const session = await begin()
    await tenant.client.ask(session.id, 'One')
    const { run } = await tenant.client.ask(session.id, 'Two')
    const { body } = await reviewer.get<SessionDetail>(`/sessions/${session.id}`)
    expect(body.session.lastSeq).toBe((await tenant.client.readSession(session.id)).lastSeq)
    expect(body.endUser).toMatchObject({ id: session.endUserId, anonymous: true })
    expect(body.items.map(({ data }) => data['content'])).toEqual(['One', 'You said: One', 'Two', 'You said: Two'])
    expect(body.runs.at(-1)).toMatchObject({ id: run.id, attempts: [{ attempt: 1, outcome: 'completed' }] })
    const first = await reviewer.get<Page<Item>>(`/sessions/${session.id}/items?limit=3`)
    const rest = await reviewer.get<Page<Item>>(`/sessions/${session.id}/items?cursor=${first.body.nextCursor}`)
    expect([...first.body.data, ...rest.body.data]).toEqual(body.items)
    const runs = await reviewer.get<Page<Run>>(`/sessions/${session.id}/runs?order=desc&limit=1`)
    expect(runs.body.data.map(({ id }) => id)).toEqual([run.id])
  })

  test('is followed live by the same events that a widget gets', async () => {
    const session = await begin()
    await tenant.client.ask(session.id, 'One')
    const stream = await reviewer.stream(
      `/sessions/${session.id}/events?after=0&organizationId=${tenant.organizationId}`,
    )
    await stream.until((frames) => frames.some(({ event }) => event === 'run.completed'))
    await tenant.client.ask(session.id, 'Two')
    const ends = (frames: readonly { event: string }[]) =>
      frames.filter(({ event }) => event === 'run.completed').length
    await stream.until((frames) => ends(frames) === 2)
    const seqs = stream.frames.map(({ id }) => Number(id))
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    stream.close()
  })

  test('is no longer followed once the login has ended', async () => {
    const session = await begin()
    const stream = await reviewer.stream(`/sessions/${session.id}/events?after=0`)
    await stream.until((frames) => frames.length > 0)
    await reviewer.post('/logout')
    await stream.until((frames) => frames.at(-1)?.event === 'cut')
    await stream.ended
  })
})

describe('an attempt', () => {
  const read = async (run: Run, attempt: number) =>
    (await reviewer.get<AttemptDetail>(`/runs/${run.id}/attempts/${attempt}`)).body

  test('shows exactly what was sent, also when state, metadata and history have changed since', async () => {
    const session = await begin({ metadata: { plan: 'pro', nested: { a: [1, 2.5, 'ü'] } } })
    const sent: string[] = []
    server.apps.set('echo', ({ request, frame, end }) => {
      sent.push(JSON.stringify(request))
      frame('state', { state: { turn: sent.length } })
      frame('metadata', { metadata: { turn: sent.length } })
      frame('text', { delta: 'So.' })
      frame('done')
      end()
    })
    const runs: Run[] = []
    for (const text of ['One', 'Two', 'Three']) runs.push((await tenant.client.ask(session.id, text)).run)
    await tenant.client.request('PATCH', `/v1/sessions/${session.id}`, { body: { metadata: { plan: 'free' } } })
    for (const [index, run] of runs.entries()) {
      const detail = await read(run, 1)
      expect(detail.request.fidelity).toBe('exact')
      expect(JSON.parse(detail.request.body!)).toEqual(JSON.parse(sent[index]!))
      expect(detail.request).toMatchObject(run.attempts[0]!.request!)
      expect(detail.response).toMatchObject({
        status: 200,
        truncated: false,
        body: expect.stringContaining('event: done'),
      })
    }
  })

  test('that was made again, or goes on after a pause, shows its own request', async () => {
    const session = await begin({ agent: 'staged', metadata: { plan: 'pro' } })
    const { run } = await tenant.client.say(session.id, 'Hello')
    const first = await server.stage.turn(run.id, 1)
    first.answer(503, { sorry: true })
    const second = await server.stage.turn(run.id, 2)
    second.frame('text', { delta: 'Wait.' })
    second.frame('pause', { toolCalls: [{ callId: 'c1', name: 'ask', arguments: {} }] })
    second.end()
    await server.logOf(session.id, (events) => events.some(({ type }) => type === 'run.paused'))
    await tenant.client.resume(await tenant.client.readRun(run.id), { toolResults: [{ callId: 'c1', output: 7 }] })
    const third = await server.stage.turn(run.id, 3)
    third.frame('text', { delta: 'Done.' })
    third.frame('done')
    third.end()
    await server.logOf(session.id, (events) => events.some(({ type }) => type === 'run.completed'))
    for (const [number, turn] of [first, second, third].entries()) {
      const { request } = await read(run, number + 1)
      expect([number + 1, request.fidelity]).toEqual([number + 1, 'exact'])
      expect(JSON.parse(request.body!)).toEqual(JSON.parse(JSON.stringify(turn.request)))
    }
    expect((await read(run, 1)).response).toMatchObject({ status: 503, body: '{"sorry":true}' })
    await expectRefused(server, 404, 'not_found', () => reviewer.get(`/runs/${run.id}/attempts/4`))
    await expectRefused(server, 400, 'invalid_request', () => reviewer.get(`/runs/${run.id}/attempts/0`))
  })

  test('says so when what it was made of is no longer there', async () => {
    const session = await begin()
    await tenant.client.ask(session.id, 'One')
    const { run } = await tenant.client.ask(session.id, 'Two')
    await server.rows(
      `update items set data = '{"type": "message", "content": "forged"}' where run_no = 1 and kind = 'output'`,
    )
    const { request } = await read(run, 1)
    expect(request.fidelity).toBe('changed')
    expect(request.body).toContain('forged')
  })

  test('that a retry has hidden history from shows it as it was', async () => {
    const session = await begin()
    await tenant.client.ask(session.id, 'One')
    const { run: failing } = await tenant.client.ask(session.id, 'Two')
    await tenant.client.post(`/v1/runs/${failing.id}/retry`)
    await server.logOf(session.id, (events) => events.filter(({ type }) => type === 'run.completed').length === 3)
    expect((await read(failing, 1)).request.fidelity).toBe('exact')
  })
})
