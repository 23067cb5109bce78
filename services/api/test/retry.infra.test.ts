import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Run } from '@shared/domain/objects'
import type { Acceptance, ErrorBody } from '../../../test/server/apiClient.ts'
import { countRows } from '../../../test/server/countRows.ts'
import { contentsOf, viewOf } from '../../../test/server/eventChecks.ts'
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

const ANSWER = { items: [{ type: 'message', role: 'assistant', content: 'ok' }] }
const retry = (runId: string, key?: string, client = person.client) =>
  client.post<Acceptance>(`/v1/runs/${runId}/retry`, undefined, { ...(key && { 'idempotency-key': key }) })

/** A session whose only run has failed after it had said something. */
async function failed() {
  const sessionId = (await person.client.createSession({ agent: 'staged' })).id
  const { run } = await person.client.say(sessionId, 'hello', { metadata: { from: 'mail' } })
  const turn = await server.stage.turn(run.id)
  turn.frame('text', { delta: 'half' })
  turn.frame('error', { message: 'no' })
  turn.end()
  await eventually(async () => (await person.client.readRun(run.id)).status === 'failed')
  return { sessionId, run }
}

describe('the retry of a run', () => {
  test('is accepted like a message: another run with the same input; what the old one had made is hidden', async () => {
    const { sessionId, run } = await failed()
    const { status, headers, body } = await retry(run.id)
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/runs/${body.run.id}`)
    expect(body.run).toMatchObject({ runNo: 2, retryOf: run.id, metadata: { from: 'mail' }, type: 'chat' })
    expect(body.item).toMatchObject({ runId: body.run.id, kind: 'input', data: { content: 'hello' } })
    const turn = await server.stage.turn(body.run.id)
    expect(turn.request).toMatchObject({ items: [], input: { content: 'hello' }, runItems: [], run: { leg: 0 } })
    turn.answer(200, ANSWER)
    const log = await server.logOf(sessionId, (events) => events.at(-1)?.type === 'run.completed')
    expect(log[body.seq - 1]).toMatchObject({ type: 'run.queued', runId: body.run.id })
    const { items } = await person.client.readSession(sessionId)
    expect(contentsOf(items!)).toEqual(['hello', 'ok'])
    expect(viewOf(log).items).toEqual(items)
    expect(await person.client.readRun(run.id)).toMatchObject({ status: 'failed' })
  })

  test('also of one that completed, and again of the retry', async () => {
    const session = await person.client.createSession({ agent: 'echo' })
    const { run } = await person.client.ask(session.id, 'x')
    const first = await retry(run.id)
    await eventually(async () => (await person.client.readRun(first.body.run.id)).status === 'completed')
    const second = await retry(first.body.run.id)
    expect(second.body.run).toMatchObject({ runNo: 3, retryOf: first.body.run.id })
    await expectRefused(server, 409, 'not_last_run', () => retry(run.id))
    expect(contentsOf((await person.client.readSession(session.id)).items!)).toEqual(['x', 'You said: x'])
  })

  test('with all its inputs when it had been merged from several messages', async () => {
    const session = await person.client.createSession({ agent: 'staged' })
    const path = `/v1/sessions/${session.id}/messages`
    const merge = (input: string) =>
      person.client.post<Acceptance>(path, { input, onBusy: 'merge', debounceMs: 200 }).then(({ body }) => body.run.id)
    const runId = await merge('a')
    expect(await merge('b')).toBe(runId)
    ;(await server.stage.turn(runId)).answer(400, {})
    await eventually(async () => (await person.client.readRun(runId)).status === 'failed')
    const { body } = await retry(runId)
    const turn = await server.stage.turn(body.run.id)
    expect(turn.request.inputs.map((input) => input['content'])).toEqual(['a', 'b'])
    turn.answer(200, ANSWER)
    await server.logOf(session.id, (events) => events.at(-1)?.type === 'run.completed')
  })

  test('is refused while it lives, and when it is not the last one', async () => {
    const { sessionId, run } = await failed()
    const next = await person.client.say(sessionId, 'next')
    await server.stage.turn(next.run.id)
    await expectRefused(server, 409, 'not_last_run', () => retry(run.id))
    const busy = await expectRefused(server, 409, 'session_busy', () => retry(next.run.id))
    expect(busy.activeRunId).toBe(next.run.id)
    await person.client.cancel(next.run.id)
    expect((await retry(next.run.id)).status).toBe(202)
    const asking = await person.client.createSession({ agent: 'asking' })
    const { run: paused } = await person.client.ask(asking.id, 'x')
    await expectRefused(server, 409, 'session_busy', () => retry(paused.id))
  })

  test('under a key is made once, whatever comes after it', async () => {
    const { sessionId, run } = await failed()
    const answers = await Promise.all(Array.from({ length: 10 }, () => retry(run.id, 'again')))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.run.id} ${body.seq}`)).size).toBe(1)
    expect(answers.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    const { run: retried } = answers[0]!.body
    ;(await server.stage.turn(retried.id)).answer(200, ANSWER)
    await server.logOf(sessionId, (events) => events.at(-1)?.type === 'run.completed')
    const before = await countRows(server.db)
    const late = await retry(run.id, 'again')
    expect(late.body).toMatchObject({ run: { id: retried.id, status: 'completed' }, seq: answers[0]!.body.seq })
    expect(await countRows(server.db)).toEqual(before)
    await expectRefused(server, 422, 'idempotency_mismatch', () => retry(retried.id, 'again'))
  })

  test('of a run that an agent app has begun by itself without an input is refused', async () => {
    const session = await person.client.createSession({ agent: 'staged' })
    const path = `/v1/sessions/${session.id}/runs`
    const begun = await server.main.client.post<Run>(path, { status: 'failed' })
    expect(begun.body.status).toBe('failed')
    await expectRefused(server, 409, 'no_input', () => retry(begun.body.id))
  })

  test('is refused when the version that a new message would get does not take its input', async () => {
    await server.main.publish({ name: 'strict' }, 'echo')
    const session = await person.client.createSession({ agent: 'strict' })
    const { run: first } = await person.client.ask(session.id, 'x')
    const { run } = (await retry(first.id, 'before')).body
    await eventually(async () => (await person.client.readRun(run.id)).status === 'completed')
    const schema = { type: 'object', required: ['answer'] }
    await server.main.publish({ name: 'strict', version: '1.1.0', runs: [{ type: 'chat', input: { schema } }] }, 'echo')
    const error = await expectRefused(server, 422, 'schema_violation', () => retry(run.id) as Promise<never>)
    expect(error.details).toMatchObject([{ path: '/input' }])
    expect((await retry(first.id, 'before')).body.run.id).toBe(run.id)
  })

  test('of another’s run is not found', async () => {
    const { run } = await failed()
    const other = await server.main.newPerson()
    const refused = await other.client.post<ErrorBody>(`/v1/runs/${run.id}/retry`)
    expect([refused.status, refused.body.error.message]).toEqual([404, 'No such run.'])
  })
})
