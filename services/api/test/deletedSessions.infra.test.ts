import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { uuidOf } from '@shared/domain/ids'
import { connectSocket } from '../../../test/server/connectSocket.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})
afterAll(() => server?.close())

const remove = (id: string, client = person.client) => client.request('DELETE', `/v1/sessions/${id}`)

/** A session whose run is just being carried out. */
async function busy() {
  const { id } = await person.client.createSession({ agent: 'staged' })
  const { run, item } = await person.client.say(id, 'x')
  const turn = await server.stage.turn(run.id)
  turn.frame('text', { delta: 'half' })
  await server.logOf(id, (events) => events.some(({ type }) => type === 'item.created' || type === 'item.delta'))
  return { id, run, item, turn }
}

describe('a deleted session', () => {
  test('breaks off its run, cuts its readers with the reason, and is sent nothing more', async () => {
    const { id, run, turn } = await busy()
    const socket = await connectSocket(server.url, { token: person.token })
    await socket.ask('subscribe', { sessionId: id, after: 0 })
    const stream = await person.client.stream('GET', `/v1/sessions/${id}/events`)
    const ofRun = await person.client.stream('GET', `/v1/runs/${run.id}/events`)
    const waiting = person.client.request('POST', `/v1/sessions/${id}/messages`, {
      body: { input: 'more' },
      headers: { prefer: 'wait=30' },
    })
    await server.logOf(id, (events) => events.filter(({ type }) => type === 'run.queued').length === 2)
    const answer = await remove(id)
    expect([answer.status, answer.body]).toEqual([204, ''])
    await Promise.all([stream.ended, ofRun.ended, turn.closed])
    await eventually(() => socket.cuts.length > 0)
    expect(socket.cuts).toEqual([{ sessionId: id, reason: 'deleted', lastSeq: expect.any(Number) }])
    expect(stream.cut).toMatchObject({ reason: 'deleted' })
    expect(ofRun.cut).toMatchObject({ reason: 'deleted' })
    expect((await waiting).status).toBe(404)
    for (const events of [socket.events, stream.events])
      expect(events.map(({ type }) => type)).not.toContain('run.cancelled')
    // The socket itself goes on.
    const other = await person.client.createSession({ agent: 'echo' })
    expect(await socket.ask('subscribe', { sessionId: other.id, after: 0 })).toMatchObject({ ok: true })
    expect(await socket.ask('subscribe', { sessionId: id, after: 0 })).toMatchObject({ error: { code: 'not_found' } })
    socket.close()
  })

  test('is absent on every route, also one that is remembered, and stays so', async () => {
    const { id, run, item } = await busy()
    expect((await remove(id)).status).toBe(204)
    const ways: [string, string, object?][] = [
      ['GET', `/v1/sessions/${id}`],
      ['PATCH', `/v1/sessions/${id}`, { title: 'x' }],
      ['DELETE', `/v1/sessions/${id}`],
      ['GET', `/v1/sessions/${id}/items`],
      ['GET', `/v1/sessions/${id}/runs`],
      ['GET', `/v1/sessions/${id}/events`],
      ['POST', `/v1/sessions/${id}/messages`, { input: 'x' }],
      ['POST', `/v1/sessions/${id}/messages`, { input: 'x', onBusy: 'interrupt' }],
      ['GET', `/v1/runs/${run.id}`],
      ['GET', `/v1/runs/${run.id}/events`],
      ['POST', `/v1/runs/${run.id}/cancel`],
      ['POST', `/v1/runs/${run.id}/retry`],
      ['POST', `/v1/runs/${run.id}/resume`, { pauseId: 'p', approvals: [{ callId: 'c', approved: true }] }],
      ['POST', `/v1/items/${item.id}/feedback`, { value: 'up' }],
    ]
    for (const [method, path, body] of ways)
      await expectRefused(server, 404, 'not_found', () => person.client.request(method, path, body ? { body } : {}))
    const ofServer: [string, string, object][] = [
      ['POST', `/v1/sessions/${id}/runs`, { status: 'completed', items: [{ a: 1 }] }],
      ['PATCH', `/v1/runs/${run.id}`, { items: [{ a: 1 }] }],
      ['POST', `/v1/runs/${run.id}/keep-alive`, {}],
    ]
    for (const [method, path, body] of ofServer)
      await expectRefused(server, 404, 'not_found', () => server.main.client.request(method, path, { body }))
    const { body } = await person.client.get<{ data: { id: string }[] }>('/v1/sessions?limit=200')
    expect(body.data.map((session) => session.id)).not.toContain(id)
  })

  test('leaves no row behind', async () => {
    const { id, run } = await busy()
    await remove(id)
    const [session, ofRun] = [uuidOf('session', id), uuidOf('run', run.id)]
    await eventually(async () => {
      const left = await server.rows(
        `select 1 from sessions where id = $1 union all select 1 from session_events where session_id = $1
         union all select 1 from session_deltas where session_id = $1 union all select 1 from items where session_id = $1
         union all select 1 from runs where session_id = $1 union all select 1 from attempts where run_id = $2`,
        session,
        ofRun,
      )
      return left.length === 0
    })
  })

  test('is deleted by its owner and by the customer’s server only', async () => {
    const { id } = await person.client.createSession({ agent: 'echo' })
    const stranger = await server.main.newPerson()
    await expectRefused(server, 404, 'not_found', () => remove(id, stranger.client))
    await expectRefused(server, 404, 'not_found', () => remove(id, server.other.client))
    await expectRefused(server, 403, 'forbidden', () => remove(id, server.main.widget))
    expect((await remove(id, server.main.client)).status).toBe(204)
    await expectRefused(server, 404, 'not_found', () => remove(id))
  })

  test('answers a message with an earlier key as absent', async () => {
    const key = { 'idempotency-key': 'deleted-later' }
    const begin = () =>
      person.client.post<{ session?: { id: string } }>('/v1/messages', { agent: 'echo', input: 'x' }, key)
    const { body } = await begin()
    await remove(body.session!.id)
    expect((await begin()).status).toBe(404)
  })
})
