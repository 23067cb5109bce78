import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Acceptance, Waited } from '../../../test/server/apiClient.ts'
import { contentsOf, expectLinked, typesOf, viewOf } from '../../../test/server/eventChecks.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterAll(() => server?.close())

/** Where messages to a new session are sent. */
async function newPlace(agent = 'echo'): Promise<string> {
  return `/v1/sessions/${(await person.client.createSession({ agent })).id}/messages`
}

describe('a message that is answered at once', () => {
  test('is accepted with its run, its item, the last seq and where to look', async () => {
    const path = await newPlace()
    const { status, headers, body } = await person.client.post<Acceptance>(path, { input: 'hello' })
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/runs/${body.run.id}`)
    expect(headers.has('preference-applied')).toBe(false)
    expect(headers.has('idempotent-replayed')).toBe(false)
    expect(body.seq).toBe(3)
    expect(path).toContain(body.run.sessionId)
    expect(body.run).toMatchObject({ runNo: 1, type: 'chat', version: '1.0.0', metadata: {} })
    expect(body.item).toMatchObject({ runId: body.run.id, kind: 'input', status: 'complete', itemNo: 0 })
    expect(body.item.data).toEqual({ type: 'message', role: 'user', content: 'hello' })
  })

  test('may be any JSON object, which is kept as it is', async () => {
    const input = { type: 'form', fields: { a: [1, null, { b: '𝄞 ünï' }] }, 'é/~': true }
    const { body } = await person.client.post<Acceptance>(await newPlace(), { input, metadata: { channel: 'mail' } })
    expect(body.item.data).toEqual(input)
    expect(body.run.metadata).toEqual({ channel: 'mail' })
  })

  test('is answered at once whatever other preferences and types are named', async () => {
    for (const headers of [
      { prefer: 'respond-async, handling=lenient' },
      { accept: 'application/json' },
      { prefer: '' },
    ]) {
      const { status, headers: answered } = await person.client.post(await newPlace(), { input: 'x' }, headers)
      expect(status).toBe(202)
      expect(answered.has('preference-applied')).toBe(false)
    }
  })
})

describe('a message that waits', () => {
  test('is answered with the run and its items once that has ended', async () => {
    const { status, headers, body } = await person.client.post<Waited>(
      await newPlace(),
      { input: 'hi' },
      { prefer: 'respond-async;x=1, wait=30' },
    )
    expect(status).toBe(200)
    expect(headers.get('preference-applied')).toBe('wait=30')
    expect(headers.get('location')).toBe(`/v1/runs/${body.run.id}`)
    expect(body.run).toMatchObject({ status: 'completed', usage: { inputTokens: 1, outputTokens: 3 } })
    expect(contentsOf(body.items)).toEqual(['hi', 'You said: hi'])
    expect(body.items.at(-1)).toMatchObject({ kind: 'output', status: 'complete' })
  })

  test('waits a minute at most, and says so', async () => {
    const { headers } = await person.client.post(await newPlace(), { input: 'hi' }, { prefer: 'wait=86400' })
    expect(headers.get('preference-applied')).toBe('wait=60')
  })

  test('is answered 202 when the time is up, and goes on', async () => {
    const path = await newPlace('staged')
    const { status, headers, body } = await person.client.post<Acceptance>(path, { input: 'hi' }, { prefer: 'wait=1' })
    expect(status).toBe(202)
    expect(headers.get('preference-applied')).toBe('wait=1')
    const turn = await server.stage.turn(body.run.id)
    turn.answer(200, { items: [{ type: 'message', role: 'assistant', content: 'late' }] })
    const stream = await person.client.stream('GET', `/v1/runs/${body.run.id}/events`)
    await stream.ended
    expect((await person.client.readRun(body.run.id)).status).toBe('completed')
  })

  test('is answered with a run that failed, and with what it had shown, marked incomplete', async () => {
    const session = await person.client.createSession({ agent: 'staged' })
    const waiting = person.client.ask(session.id, 'hi')
    const { runs } = viewOf(await server.logOf(session.id, (log) => typesOf(log).includes('run.started')))
    const turn = await server.stage.turn(runs[0]!.id)
    turn.frame('text', { delta: 'I was just ab' })
    turn.frame('error', { code: 'out_of_words', message: 'No words left.' })
    turn.end()
    const { run, items } = await waiting
    expect(run).toMatchObject({ status: 'failed', error: { code: 'out_of_words', message: 'No words left.' } })
    expect(items.map((item) => item.status)).toEqual(['complete', 'incomplete'])
  })
})

describe('a message that is answered with its events', () => {
  test('streams its run from its first event to its last, each linked to the one before', async () => {
    const stream = await person.client.stream('POST', await newPlace(), { body: { input: 'hi' } })
    await stream.ended
    expectLinked(stream.events)
    expect(typesOf(stream.events).slice(0, 3)).toEqual(['item.created', 'run.queued', 'run.started'])
    expect(stream.events.at(-1)!.type).toBe('run.completed')
    expect(stream.headers.get('location')).toBe(`/v1/runs/${stream.events[0]!.runId}`)
    expect(stream.headers.get('cache-control')).toBe('no-store')
    expect(contentsOf(viewOf(stream.events).items)).toEqual(['hi', 'You said: hi'])
    expect(stream.cut).toBeNull()
  })

  test('streams while the agent app still speaks', async () => {
    const stream = await person.client.stream('POST', await newPlace('staged'), { body: { input: 'hi' } })
    const turn = await server.stage.turn(stream.headers.get('location')!.split('/').at(-1)!)
    turn.frame('text', { delta: 'one ' })
    await stream.until((events) => contentsOf(viewOf(events).items)[1] === 'one ')
    turn.frame('text', { delta: 'two' })
    await stream.until((events) => contentsOf(viewOf(events).items)[1] === 'one two')
    turn.frame('done')
    await stream.ended
    expect(stream.events.at(-1)!.type).toBe('run.completed')
  })

  test('that stands in line streams only its own run', async () => {
    const session = await person.client.createSession({ agent: 'staged' })
    const first = await person.client.say(session.id, 'first')
    const path = `/v1/sessions/${session.id}/messages`
    const stream = await person.client.stream('POST', path, { body: { input: 'second' } })
    const queued = (await stream.until((events) => events.length >= 2))[1]!
    expect(queued).toMatchObject({ type: 'run.queued', data: { run: { queuePosition: 1 } } })
    const answer = { items: [{ type: 'message', role: 'assistant', content: 'ok' }] }
    ;(await server.stage.turn(first.run.id)).answer(200, answer)
    ;(await server.stage.turn(queued.runId!)).answer(200, answer)
    await stream.ended
    expectLinked(stream.events)
    expect(new Set(stream.events.map((event) => event.runId))).toEqual(new Set([queued.runId]))
    expect(stream.events.at(-1)!.type).toBe('run.completed')
  })
})
