import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Run } from '@shared/domain/objects'
import { connectSocket } from '../../../test/server/connectSocket.ts'
import { contentsOf, expectLinked, typesOf, viewOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterEach(() => eventually(() => server.feeds.watched() === 0))
afterAll(() => server?.close())

async function paused(): Promise<Run> {
  const session = await person.client.createSession({ agent: 'asking' })
  return (await person.client.ask(session.id, { calls: ['a'] })).run
}
const streamOf = (run: Run, after = 0) => person.client.stream('GET', `/v1/runs/${run.id}/events?after=${after}`)
const RESULT = { toolResults: [{ callId: 'a', output: 1 }] }

describe('the events of a run that pauses', () => {
  test('end at the pause, for who was there and for who comes while it waits', async () => {
    const session = await person.client.createSession({ agent: 'asking' })
    const body = { input: { calls: ['a'] } }
    const there = await person.client.stream('POST', `/v1/sessions/${session.id}/messages`, { body })
    await there.ended
    const run = await person.client.readRun(there.events[0]!.runId!)
    const late = await streamOf(run)
    await late.ended
    expect(late.events).toEqual(there.events)
    expectLinked(late.events)
    expect(late.events.at(-1)).toMatchObject({ type: 'run.paused', data: { run: { status: 'paused' } } })
  })

  test('go on past a pause that is over, to the end', async () => {
    const run = await paused()
    await person.client.resume(run, RESULT)
    const stream = await streamOf(run)
    await stream.ended
    expectLinked(stream.events)
    expect(typesOf(stream.events)).toEqual(expect.arrayContaining(['run.paused', 'run.resumed', 'run.attempt']))
    expect(stream.events.at(-1)!.type).toBe('run.completed')
    expect(contentsOf(viewOf(stream.events).items)).toEqual([
      undefined,
      'I have to ask.',
      '[{"callId":"a","output":1}]',
    ])
    const again = await streamOf(run)
    await again.ended
    expect(again.events).toEqual(stream.events)
  })

  test('come after the pause, for who waits there with its cursor', async () => {
    const run = await paused()
    const before = await streamOf(run)
    await before.ended
    const stream = await streamOf(run, before.events.at(-1)!.seq)
    await person.client.resume(run, RESULT)
    await stream.ended
    expectLinked(stream.events, before.events.at(-1)!.seq)
    expect(typesOf(stream.events)[0]).toBe('run.resumed')
    expect(stream.events.at(-1)!.type).toBe('run.completed')
  })

  test('end when it is cancelled while it waits', async () => {
    const run = await paused()
    const before = await streamOf(run)
    await before.ended
    const stream = await streamOf(run, before.events.at(-1)!.seq)
    await person.client.cancel(run.id)
    await stream.ended
    expect(typesOf(stream.events)).toEqual(['run.cancelled'])
  })
})

describe('a socket’s "resume"', () => {
  test('answers calls, is answered the same again, and tells what is wrong', async () => {
    const run = await paused()
    const { token } = person
    const socket = await connectSocket(server.url, { token })
    await socket.ask('subscribe', { sessionId: run.sessionId, after: 0 })
    const { pauseId } = run.pause!
    const resume = (more: object) =>
      socket.ask<{ run: Run }>('resume', { runId: run.id, idempotencyKey: 'r', pauseId, ...more })
    expect(await resume({ toolResults: [] })).toMatchObject({ error: { code: 'invalid_request' } })
    expect(await resume({ ...RESULT, idempotencyKey: '' })).toMatchObject({ error: { code: 'invalid_request' } })
    expect(await resume({ ...RESULT, pauseId: 'x' })).toMatchObject({ error: { code: 'not_paused' } })
    expect(await resume(RESULT)).toMatchObject({ run: { id: run.id, leg: 1 } })
    await socket.until((events) => events.at(-1)?.type === 'run.completed')
    expect(await resume(RESULT)).toMatchObject({ run: { id: run.id, status: 'completed' } })
    expect(await resume({ toolResults: [{ callId: 'a', output: 2 }] })).toMatchObject({
      error: { code: 'already_resolved' },
    })
    socket.close()
    const other = await server.main.newPerson()
    const theirs = await connectSocket(server.url, { token: other.token })
    expect(await theirs.ask('resume', { runId: run.id, idempotencyKey: 'r', pauseId, ...RESULT })).toMatchObject({
      error: { code: 'not_found', message: 'No such run.' },
    })
    theirs.close()
  })
})
