import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import type { Acceptance, ErrorBody } from '../../../test/server/apiClient.ts'
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

type Result = { status: number; replayed?: true } & Partial<Acceptance> & Partial<ErrorBody>
const send = (messages: object[], client = person.client) =>
  client.post<{ results: Result[] }>('/v1/messages/batch', { messages })

const ended = (runId: string) => eventually(async () => (await person.client.readRun(runId)).status === 'completed')

describe('a batch of messages', () => {
  test('is answered message by message, each in its place', async () => {
    const { id } = await person.client.createSession({ agent: 'echo' })
    const { status, body } = await send([
      { sessionId: id, input: 'one' },
      { agent: 'echo', input: 'two', metadata: { a: 1 }, title: 'New' },
      { sessionId: newId('session'), input: 'nobody' },
      { agent: 'nobody', input: 'x' },
      { sessionId: id, input: 'three', runType: 'unknown' },
      { sessionId: id, input: 'four' },
    ])
    expect(status).toBe(200)
    const { results } = body
    expect(results.map((result) => result.status)).toEqual([202, 202, 404, 404, 422, 202])
    expect(results[0]).toMatchObject({ run: { sessionId: id, runNo: 1 }, item: { data: { content: 'one' } } })
    expect(results[1]).toMatchObject({ session: { metadata: { a: 1 }, title: 'New' }, run: { runNo: 1 } })
    expect(results[2]!.error).toMatchObject({ code: 'not_found', requestId: expect.stringMatching(/^req_/) })
    expect(results[4]!.error).toMatchObject({ code: 'schema_violation' })
    expect(results[5]).toMatchObject({ run: { sessionId: id, runNo: 2 } })
    for (const { run } of results) if (run) await ended(run.id)
  })

  test('keeps the order of a session’s messages, whatever they want', async () => {
    const { id } = await person.client.createSession({ agent: 'echo' })
    const messages = ['a', 'b', 'c', 'd'].map((input) => ({ sessionId: id, input }))
    const { body } = await send([...messages.slice(0, 3), { ...messages[3]!, onBusy: 'interrupt' }])
    expect(body.results.map(({ run }) => run?.runNo)).toEqual([1, 2, 3, 4])
    await ended(body.results[3]!.run!.id)
  })

  /** How often each statement that intake makes is asked meanwhile. */
  async function statementsOf<Result>(work: () => Promise<Result>): Promise<[Result, Record<string, number>]> {
    const { db } = server
    const query = db.query.bind(db)
    const counts: Record<string, number> = {}
    const listening = (...given: unknown[]): unknown => {
      const [statement] = given
      const name = typeof statement === 'object' && statement !== null && 'name' in statement ? statement.name : ''
      if (/^(accept_|find_|are_|read_session)/.test(String(name)))
        counts[String(name)] = (counts[String(name)] ?? 0) + 1
      return Reflect.apply(query, db, given)
    }
    Object.assign(db, { query: listening })
    const result = await work().finally(() => Object.assign(db, { query }))
    return [result, counts]
  }

  test('takes few statements for many sessions', async () => {
    const make = () => person.client.createSession({ agent: 'staged' })
    const sessions = await Promise.all(Array.from({ length: 100 }, make))
    const messages = sessions.map(({ id }) => ({ sessionId: id, input: 'x' }))
    const [{ body }, counts] = await statementsOf(() => send(messages))
    expect(new Set(body.results.map(({ status }) => status))).toEqual(new Set([202]))
    expect(counts).not.toHaveProperty('accept_message_v1')
    expect(counts['accept_messages_v1']).toBeLessThanOrEqual(10)
    expect(counts['find_sessions']).toBeLessThanOrEqual(10)
    expect(counts).not.toHaveProperty('find_session')
    for (const { run } of body.results) await person.client.cancel(run!.id)
  })

  test('takes few statements for many new sessions, one of which can not be begun', async () => {
    const messages = Array.from({ length: 100 }, (_, index) => ({
      agent: index === 50 ? 'nobody' : 'staged',
      input: 'x',
      endUserId: index % 2 ? person.id : newId('endUser'),
    }))
    const [{ body }, counts] = await statementsOf(() => send(messages, server.main.client))
    expect(body.results.map(({ status }) => status)).toEqual(messages.map((_, index) => (index % 2 ? 202 : 404)))
    expect(counts).toMatchObject({ accept_beginnings_v1: 1, read_sessions: 1 })
    expect(counts).not.toHaveProperty('accept_message_v1')
    expect(counts['are_end_users']).toBeLessThanOrEqual(3)
    for (const { run } of body.results) if (run) await person.client.cancel(run.id)
  })

  test('is remembered message by message', async () => {
    const { id } = await person.client.createSession({ agent: 'echo' })
    const messages = [
      { sessionId: id, input: 'one', idempotencyKey: 'b1' },
      { agent: 'echo', input: 'two', idempotencyKey: 'b2' },
      { agent: 'echo', input: 'two', idempotencyKey: 'b2' },
    ]
    const first = (await send(messages)).body.results
    expect(first.map(({ replayed }) => replayed ?? false)).toEqual([false, false, true])
    expect(first[2]!.session!.id).toBe(first[1]!.session!.id)
    const again = (await send([...messages, { sessionId: id, input: 'other', idempotencyKey: 'b1' }])).body.results
    expect(again.slice(0, 3).map(({ run, replayed }) => [run!.id, replayed])).toEqual(
      first.map(({ run }) => [run!.id, true]),
    )
    expect(again[3]).toMatchObject({ status: 422, error: { code: 'idempotency_mismatch' } })
  })

  test('follows the rules of single messages: others’ sessions are absent', async () => {
    const { id } = await person.client.createSession({ agent: 'echo' })
    const stranger = await server.main.newPerson()
    const messages = [{ sessionId: id, input: 'x' }]
    expect((await send(messages, stranger.client)).body.results[0]!.status).toBe(404)
    expect((await send(messages, server.other.client)).body.results[0]!.status).toBe(404)
    expect(
      (await send([{ agent: 'echo', input: 'x', endUserId: person.id }], stranger.client)).body.results[0]!.status,
    ).toBe(404)
    const byServer = (
      await send([...messages, { agent: 'echo', input: 'x', endUserId: person.id }], server.main.client)
    ).body
    expect(byServer.results.map(({ status }) => status)).toEqual([202, 202])
    expect(byServer.results[1]!.session!.endUserId).toBe(person.id)
    await expectRefused(server, 403, 'forbidden', () => send(messages, server.main.widget))
  })

  test.each([
    ['nothing', []],
    ['too much', Array.from({ length: 101 }, () => ({ agent: 'echo', input: 'x' }))],
    ['what goes nowhere', [{ input: 'x' }]],
    ['what goes to two places', [{ agent: 'echo', sessionId: newId('session'), input: 'x' }]],
    ['what says nothing', [{ agent: 'echo' }]],
  ])('with %s is refused as a whole', async (_what, messages) => {
    await expectRefused(server, 400, 'invalid_request', () => send(messages))
  })
})
