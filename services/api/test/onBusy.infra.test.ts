import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { DEFAULT_POLICY } from '@shared/domain/agents'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import type { Acceptance, Waited } from '../../../test/server/apiClient.ts'
import { contentsOf, expectLinked, typesOf, viewOf } from '../../../test/server/eventChecks.ts'
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
const newSession = async (agent = 'staged') => (await person.client.createSession({ agent })).id
const messages = (sessionId: string) => `/v1/sessions/${sessionId}/messages`
const post = (sessionId: string, body: object, headers: Record<string, string> = {}) =>
  person.client.post<Acceptance>(messages(sessionId), { input: 'x', ...body }, headers)
const isNow = (runId: string, status: Run['status']) =>
  eventually(async () => {
    const run = await person.client.readRun(runId)
    return run.status === status && run
  })
const INTERRUPTED = { status: 'cancelled', error: { code: 'interrupted' } }

/** A session whose first run has said something, with another one behind it. */
async function busy() {
  const sessionId = await newSession()
  const first = await person.client.say(sessionId, 'first')
  const second = await person.client.say(sessionId, 'second')
  const turn = await server.stage.turn(first.run.id)
  turn.frame('state', { state: { half: 'done' } })
  turn.frame('text', { delta: 'I was ' })
  await server.logOf(sessionId, (log) => typesOf(log).includes('item.delta'))
  return { sessionId, turn, first: first.run.id, second: second.run.id }
}

async function shown(sessionId: string): Promise<unknown[]> {
  return contentsOf((await person.client.readSession(sessionId)).items!)
}

describe('a message to a busy session', () => {
  test('that rejects is refused with the run that is in the way, also behind a pause', async () => {
    const { sessionId, first, second } = await busy()
    const error = await expectRefused(server, 409, 'session_busy', () => post(sessionId, { onBusy: 'reject' }))
    expect(error.activeRunId).toBe(first)
    for (const runId of [second, first]) await person.client.cancel(runId)
    expect((await post(sessionId, { onBusy: 'reject' })).status).toBe(202)
    const asking = await newSession('asking')
    const { run } = await person.client.ask(asking, 'x')
    const paused = await expectRefused(server, 409, 'session_busy', () => post(asking, { onBusy: 'reject' }))
    expect(paused.activeRunId).toBe(run.id)
  })

  test('that interrupts takes the place of all that lives, and what was shown stays', async () => {
    const { sessionId, turn, first, second } = await busy()
    const waiting = person.client.ask(sessionId, 'third', { onBusy: 'interrupt' })
    await turn.closed
    expect(await isNow(first, 'cancelled')).toMatchObject(INTERRUPTED)
    expect(await isNow(second, 'cancelled')).toMatchObject({ ...INTERRUPTED, attempts: [] })
    const { lastRun } = await person.client.readSession(sessionId)
    const call = await server.stage.turn(lastRun!.id)
    expect(contentsOf(call.request.items.map((data) => ({ data })))).toEqual(['first', 'I was ', 'second'])
    expect(call.request).toMatchObject({ incompleteItems: [1], session: { state: null } })
    call.answer(200, ANSWER)
    expect((await waiting).run).toMatchObject({ id: lastRun!.id, runNo: 3, status: 'completed' })
    expect(await shown(sessionId)).toEqual(['first', 'I was ', 'second', 'third', 'ok'])
  })

  test('that rolls back also hides what was shown', async () => {
    const { sessionId, turn, first, second } = await busy()
    const reader = await person.client.stream('GET', `/v1/sessions/${sessionId}/events`)
    const { body } = await post(sessionId, { input: 'third', onBusy: 'rollback' })
    await turn.closed
    for (const runId of [first, second]) expect(await isNow(runId, 'cancelled')).toMatchObject(INTERRUPTED)
    const call = await server.stage.turn(body.run.id)
    expect(call.request.items).toEqual([])
    call.answer(200, ANSWER)
    await reader.until((events) => events.at(-1)?.type === 'run.completed')
    reader.close()
    const hidden = reader.events.filter((event) => event.type === 'items.hidden')
    expect(hidden.map((event) => [event.runId, event.data.reason, event.data.itemIds.length])).toEqual([
      [first, 'rolled_back', 2],
      [second, 'rolled_back', 1],
    ])
    expect(await shown(sessionId)).toEqual(['third', 'ok'])
    expect(contentsOf(viewOf(reader.events).items)).toEqual(['third', 'ok'])
  })

  test.each(['interrupt', 'rollback'])(
    'that is an %s takes the place of a run that waits in a pause',
    async (onBusy) => {
      const sessionId = await newSession('asking')
      const { run } = await person.client.ask(sessionId, 'x')
      const next = await person.client.ask(sessionId, 'y', { onBusy })
      expect(next.run.status).toBe('paused')
      expect(await person.client.readRun(run.id)).toMatchObject(INTERRUPTED)
      expect(await shown(sessionId)).toEqual(
        onBusy === 'rollback' ? ['y', 'I have to ask.'] : ['x', 'I have to ask.', 'y', 'I have to ask.'],
      )
    },
  )

  test('twenty interrupts at once: one is left, all others were cancelled', async () => {
    const { sessionId, first, second } = await busy()
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(sessionId, { onBusy: 'interrupt' })))
    const { body } = await person.client.get<{ data: Run[] }>(`/v1/sessions/${sessionId}/runs`)
    expect(body.data).toHaveLength(22)
    expect(body.data.slice(0, -1).map((run) => run.status)).toEqual(Array.from({ length: 21 }, () => 'cancelled'))
    expect(new Set([first, second, ...answers.map((answer) => answer.body.run.id)]).size).toBe(22)
    await person.client.cancel(body.data.at(-1)!.id)
  })

  test('whose run is interrupted is answered with it: streamed, and waited for', async () => {
    const sessionId = await newSession()
    const stream = await person.client.stream('POST', messages(sessionId), { body: { input: 'one' } })
    const waiting = person.client.ask(sessionId, 'two')
    const { runs } = viewOf(await server.logOf(sessionId, (log) => viewOf(log).runs.length === 2))
    const turn = await server.stage.turn(runs[0]!.id)
    turn.frame('text', { delta: 'half' })
    await stream.until((events) => typesOf(events).includes('item.delta'))
    const { body } = await post(sessionId, { onBusy: 'interrupt' })
    await stream.ended
    expectLinked(stream.events)
    expect(stream.events.at(-1)).toMatchObject({ type: 'run.cancelled', data: { run: INTERRUPTED } })
    expect(await waiting).toMatchObject({ run: INTERRUPTED, items: [{ data: { content: 'two' } }] })
    await person.client.cancel(body.run.id)
  })

  test('that interrupts under a key is answered the same again and interrupts nothing more', async () => {
    const { sessionId } = await busy()
    const send = () => post(sessionId, { onBusy: 'interrupt' }, { 'idempotency-key': 'interrupts' })
    const { body: accepted } = await send()
    await server.stage.turn(accepted.run.id)
    const again = await send()
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(again.body).toMatchObject({ run: { id: accepted.run.id }, item: accepted.item, seq: accepted.seq })
    expect((await person.client.readRun(accepted.run.id)).status).toBe('running')
    const log = await server.logOf(sessionId, () => true)
    expect(log[accepted.seq - 1]).toMatchObject({ type: 'run.queued', runId: accepted.run.id })
    await person.client.cancel(accepted.run.id)
  })
})

describe('messages that are merged', () => {
  test('into the last run that nobody has begun are its inputs, each with its own item', async () => {
    const { sessionId, turn, first, second } = await busy()
    const merged = await post(sessionId, { input: 'more', onBusy: 'merge', metadata: { b: 2 } })
    expect(merged.body).toMatchObject({
      run: { id: second, status: 'queued', queuePosition: 1, metadata: { b: 2 } },
      item: { runId: second, itemNo: 1, kind: 'input', data: { content: 'more' } },
    })
    expect(merged.headers.get('location')).toBe(`/v1/runs/${second}`)
    turn.frame('done')
    turn.end()
    const call = await server.stage.turn(second)
    expect(call.request.inputs.map((input) => input['content'])).toEqual(['second', 'more'])
    expect(call.request.input['content']).toBe('more')
    const begun = await post(sessionId, { input: 'too late', onBusy: 'merge' })
    expect(begun.body.run.id).not.toBe(second)
    call.answer(200, ANSWER)
    ;(await server.stage.turn(begun.body.run.id)).answer(200, ANSWER)
    await isNow(begun.body.run.id, 'completed')
    expect(await isNow(first, 'completed')).not.toHaveProperty('error')
    expect(await shown(sessionId)).toEqual(['first', 'I was ', 'second', 'more', 'ok', 'too late', 'ok'])
  })

  test('are each answered with the one run: streamed from its first event, and waited for', async () => {
    const { sessionId, turn, second } = await busy()
    const body = { input: 'more', onBusy: 'merge' }
    const stream = await person.client.stream('POST', messages(sessionId), { body })
    const waiting = person.client.post<Waited>(messages(sessionId), body, { prefer: 'wait=30' })
    const inputs = ['first', 'I was ', 'second', 'more', 'more']
    await server.logOf(sessionId, (log) => viewOf(log).items.length === inputs.length)
    turn.frame('done')
    turn.end()
    const call = await server.stage.turn(second)
    call.answer(200, ANSWER)
    await stream.ended
    expectLinked(stream.events)
    expect(stream.headers.get('location')).toBe(`/v1/runs/${second}`)
    expect(contentsOf(viewOf(stream.events).items)).toEqual(['second', 'more', 'more', 'ok'])
    const waited = await waiting
    expect(waited.body.run).toMatchObject({ id: second, status: 'completed' })
    expect(contentsOf(waited.body.items)).toEqual(['second', 'more', 'more', 'ok'])
  })

  test('to an idle session wait for each other, and only so long', async () => {
    const sessionId = await newSession()
    const one = await post(sessionId, { input: 'a', onBusy: 'merge', debounceMs: 20_000 })
    const two = await post(sessionId, { input: 'b', onBusy: 'merge', debounceMs: 300 })
    expect(two.body.run.id).toBe(one.body.run.id)
    const call = await server.stage.turn(one.body.run.id)
    expect(call.request.inputs.map((input) => input['content'])).toEqual(['a', 'b'])
    call.answer(200, ANSWER)
    await isNow(one.body.run.id, 'completed')
  })

  test('may be debounced when merging is the agent’s policy, also the first of a session', async () => {
    await server.main.publish({ name: 'merges', policy: { ...DEFAULT_POLICY, onBusy: 'merge' } }, 'staged')
    const begin = { agent: 'merges', input: 'a', debounceMs: 20_000 }
    const { body } = await person.client.post<Acceptance>('/v1/messages', begin)
    const two = await post(body.session!.id, { input: 'b', debounceMs: 200 })
    expect(two).toMatchObject({ status: 202, body: { run: { id: body.run.id } } })
    ;(await server.stage.turn(body.run.id)).answer(200, ANSWER)
    await expectRefused(server, 400, 'invalid_request', () =>
      post(body.session!.id, { onBusy: 'enqueue', debounceMs: 1 }),
    )
  })

  test.each<[string, object]>([
    ['without merge', { debounceMs: 100 }],
    ['with enqueue', { debounceMs: 100, onBusy: 'enqueue' }],
    ['negative', { debounceMs: -1, onBusy: 'merge' }],
    ['longer than allowed', { debounceMs: tunables.maxDebounce + 1, onBusy: 'merge' }],
    ['of an unknown kind', { onBusy: 'replace' }],
  ])('debounced %s are refused', async (_what, body) => {
    const sessionId = await newSession()
    await expectRefused(server, 400, 'invalid_request', () => post(sessionId, body))
  })
})
