import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import type { Acceptance, Waited } from '../../../test/server/apiClient.ts'
import { countRows } from '../../../test/server/countRows.ts'
import { contentsOf, typesOf, viewOf } from '../../../test/server/eventChecks.ts'
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

/** A run that waits in its first pause for answers to these calls. */
async function paused(...calls: string[]): Promise<Run> {
  const session = await person.client.createSession({ agent: 'asking' })
  return (await person.client.ask(session.id, { calls })).run
}

const ended = (runId: string) =>
  eventually(async () => {
    const run = await person.client.readRun(runId)
    return run.endedAt !== undefined && run
  })

const resume = (run: Run, body: object) => person.client.post<Run>(`/v1/runs/${run.id}/resume`, body)
const result = (callId: string, output: unknown = callId) => ({ callId, output })
const told = async (run: Run) => {
  const { items } = await person.client.readSession(run.sessionId)
  return JSON.parse(items!.at(-1)!.data['content'] as string) as unknown
}

describe('a paused run', () => {
  test('answers whoever waits for it with what it has made and what it waits for', async () => {
    const session = await person.client.createSession({ agent: 'asking' })
    const path = `/v1/sessions/${session.id}/messages`
    const { status, body } = await person.client.post<Waited>(path, { input: { calls: ['a'] } }, { prefer: 'wait=30' })
    expect(status).toBe(200)
    expect(body.run).toMatchObject({
      status: 'paused',
      leg: 0,
      pause: {
        toolCalls: [{ callId: 'a', name: 'ask', arguments: { of: 'a' } }],
        expiresAt: expect.stringMatching(/T.*Z$/),
      },
      attempts: [{ outcome: 'paused', leg: 0, timing: { endedAt: expect.any(String) } }],
    })
    expect(body.run).not.toHaveProperty('endedAt')
    expect(contentsOf(body.items)).toEqual([undefined, 'I have to ask.'])
    expect(body.items.map((item) => item.status)).toEqual(['complete', 'complete'])
  })

  test('is in its session with all it has made, and lets no later message overtake', async () => {
    const run = await paused('a')
    const later = await person.client.say(run.sessionId, { calls: ['b'] })
    expect(later.run).toMatchObject({ status: 'queued', queuePosition: 1 })
    const session = await person.client.readSession(run.sessionId)
    expect(session.items!.map((item) => item.kind)).toEqual(['input', 'step', 'input'])
    await person.client.resume(run, { toolResults: [result('a')] })
    await ended(run.id)
    await eventually(async () => (await person.client.readRun(later.run.id)).status === 'paused')
  })

  test('goes on with results, decisions and errors in the order of its calls', async () => {
    const run = await paused('a', 'b', 'c')
    const answers = {
      toolResults: [{ ...result('c', { deep: [1, null] }), isError: true }, result('a', null)],
      approvals: [{ callId: 'b', approved: false, reason: 'too dear' }],
    }
    const resumed = await person.client.resume(run, answers)
    expect(resumed).toMatchObject({ leg: 1 })
    // a worker may have taken it before it was read
    expect(resumed.attempts[0]).toMatchObject({ outcome: 'paused' })
    expect(resumed).not.toHaveProperty('pause')
    expect(await ended(run.id)).toMatchObject({
      status: 'completed',
      leg: 1,
      attempts: [
        { attempt: 1, leg: 0, outcome: 'paused' },
        { attempt: 2, leg: 1, outcome: 'completed' },
      ],
    })
    expect(await told(run)).toEqual([
      { callId: 'a', output: null },
      { callId: 'b', approved: false, reason: 'too dear' },
      { callId: 'c', output: { deep: [1, null] }, isError: true },
    ])
  })

  test('waits until every call is answered, in whatever pieces', async () => {
    const run = await paused('a', 'b')
    expect(await person.client.resume(run, { toolResults: [result('b')] })).toEqual(run)
    expect(await person.client.resume(run, { approvals: [{ callId: 'a', approved: true }] })).toMatchObject({ leg: 1 })
    await ended(run.id)
    expect(await told(run)).toEqual([{ callId: 'a', approved: true }, result('b')])
    expect(typesOf(await server.logOf(run.sessionId, () => true)).filter((type) => type === 'run.resumed')).toEqual([
      'run.resumed',
    ])
  })

  test('takes the same answers again at any time, and changes nothing', async () => {
    const run = await paused('a', 'b')
    await person.client.resume(run, { toolResults: [result('a')] })
    expect(await person.client.resume(run, { toolResults: [result('a')] })).toEqual(run)
    await person.client.resume(run, { toolResults: [result('a'), result('b')] })
    const over = await ended(run.id)
    const before = await countRows(server.db)
    expect(await person.client.resume(run, { toolResults: [result('b'), result('a')] })).toEqual(over)
    expect(await countRows(server.db)).toEqual(before)
  })

  test('by twenty at once goes on once', async () => {
    const run = await paused('a')
    await Promise.all(Array.from({ length: 20 }, () => person.client.resume(run, { toolResults: [result('a')] })))
    expect((await ended(run.id)).attempts).toHaveLength(2)
  })

  test('answered differently by many at once takes one answer and tells the others', async () => {
    const run = await paused('a')
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((output) => resume(run, { pauseId: run.pause!.pauseId, toolResults: [result('a', output)] })),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409, 409])
    await ended(run.id)
    expect(await told(run)).toEqual([result('a', answers.findIndex(({ status }) => status === 200) + 1)])
  })

  test('that is cancelled can not be resumed, and lets the next one start', async () => {
    const run = await paused('a', 'b')
    const next = await person.client.say(run.sessionId, { calls: ['c'] })
    await person.client.resume(run, { toolResults: [result('a')] })
    expect(await person.client.cancel(run.id)).toMatchObject({ status: 'cancelled', attempts: [{ outcome: 'paused' }] })
    const { pauseId } = run.pause!
    await expectRefused(server, 409, 'not_paused', () => resume(run, { pauseId, toolResults: [result('b')] }))
    await eventually(async () => (await person.client.readRun(next.run.id)).status === 'paused')
  })
})

describe('answers that a pause does not take', () => {
  let run: Run
  let pauseId: string
  beforeAll(async () => {
    run = await paused('a', 'b')
    pauseId = run.pause!.pauseId
    await person.client.resume(run, { toolResults: [result('a')] })
  })

  test.each<[string, number, string, object]>([
    ['another answer than before', 409, 'already_resolved', { toolResults: [result('a', 'other')] }],
    ['a decision where a result was', 409, 'already_resolved', { approvals: [{ callId: 'a', approved: true }] }],
    ['a new answer beside another one', 409, 'already_resolved', { toolResults: [result('b'), result('a', 0)] }],
    ['another pause', 409, 'not_paused', { pauseId: 'another', toolResults: [result('b')] }],
    ['a call that it has not', 400, 'invalid_request', { toolResults: [result('b'), result('z')] }],
    ['a call twice', 400, 'invalid_request', { toolResults: [result('b'), result('b')] }],
    [
      'a call twice in two ways',
      400,
      'invalid_request',
      { toolResults: [result('b')], approvals: [{ callId: 'b', approved: true }] },
    ],
    ['nothing', 400, 'invalid_request', {}],
    ['empty lists', 400, 'invalid_request', { toolResults: [], approvals: [] }],
    ['a result without its output', 400, 'invalid_request', { toolResults: [{ callId: 'b' }] }],
    ['what nobody asked for', 400, 'invalid_request', { toolResults: [result('b')], status: 'completed' }],
    ['a call named __proto__', 400, 'invalid_request', { toolResults: [result('__proto__')] }],
    ['a NUL', 400, 'invalid_request', { toolResults: [result('b', 'a\u0000b')] }],
    [
      'an output over the cap',
      413,
      'payload_too_large',
      { toolResults: [result('b', 'x'.repeat(tunables.itemBytes))] },
    ],
    ['a body over the cap', 413, 'payload_too_large', { toolResults: [result('b', 'x'.repeat(tunables.bodyBytes))] }],
  ])('%s: %d %s, and it waits as before', async (_what, status, code, body) => {
    await expectRefused(server, status, code, () => resume(run, { pauseId, ...body }))
    expect(await person.client.readRun(run.id)).toEqual(run)
  })

  test('a run that never paused, and one that is not there', async () => {
    const { run: other } = await person.client.ask((await person.client.createSession({ agent: 'echo' })).id, 'x')
    const body = { pauseId, toolResults: [result('b')] }
    await expectRefused(server, 409, 'not_paused', () => resume(other, body))
    await expectRefused(server, 404, 'not_found', () => resume({ ...run, id: 'run_00000000000000000000000000' }, body))
  })

  test('of a pause that was before this one', async () => {
    const session = await person.client.createSession({ agent: 'staged' })
    const { run: twice } = await person.client.say(session.id, 'x')
    const pauses: Run[] = []
    for (const leg of [0, 1]) {
      const turn = await server.stage.turn(twice.id, leg + 1)
      turn.frame('pause', { toolCalls: [{ callId: 'a', name: 'ask', arguments: leg }] })
      turn.end()
      pauses[leg] = await eventually(async () => {
        const now = await person.client.readRun(twice.id)
        return now.status === 'paused' && now.leg === leg && now
      })
      if (leg === 0) await person.client.resume(pauses[0]!, { toolResults: [result('a', 1)] })
    }
    const first = { pauseId: pauses[0]!.pause!.pauseId }
    await expectRefused(server, 409, 'already_resolved', () =>
      resume(twice, { ...first, toolResults: [result('a', 2)] }),
    )
    expect(await person.client.resume(pauses[0]!, { toolResults: [result('a', 1)] })).toEqual(pauses[1])
    await person.client.resume(pauses[1]!, { toolResults: [result('a', 2)] })
    const last = await server.stage.turn(twice.id, 3)
    expect(last.request).toMatchObject({ run: { leg: 2 }, toolResults: [{ callId: 'a', output: 2 }] })
    last.answer(200, { items: [{ content: 'ok' }] })
    expect(await ended(twice.id)).toMatchObject({ status: 'completed', leg: 2 })
  })
})

test('a message that was accepted again under its key is answered with the pause that its run waits in', async () => {
  const session = await person.client.createSession({ agent: 'asking' })
  const send = () =>
    person.client.post<Acceptance>(
      `/v1/sessions/${session.id}/messages`,
      { input: { calls: ['a'] } },
      { prefer: 'wait=30', 'idempotency-key': 'asks' },
    )
  const first = await send()
  expect(await send()).toMatchObject({ status: 200, body: first.body })
  await person.client.resume(first.body.run, { toolResults: [result('a')] })
  const over = await ended(first.body.run.id)
  expect(await send()).toMatchObject({ status: 200, body: { run: over } })
})

test('the whole conversation is the same for a reader who was there and for one who comes late', async () => {
  const session = await person.client.createSession({ agent: 'asking' })
  const there = await person.client.stream('GET', `/v1/sessions/${session.id}/events?after=1`)
  const { run } = await person.client.ask(session.id, { calls: ['a'] })
  const between = await person.client.stream('GET', `/v1/sessions/${session.id}/events`)
  await person.client.resume(run, { toolResults: [result('a')] })
  await ended(run.id)
  const late = await person.client.stream('GET', `/v1/sessions/${session.id}/events`)
  const log = await server.logOf(session.id, () => true)
  for (const [stream, from] of [
    [there, 1],
    [between, 0],
    [late, 0],
  ] as const) {
    await stream.until((events) => events.length >= log.length - from)
    stream.close()
    expect(stream.events).toEqual(log.slice(from))
  }
  const snapshot = await person.client.readSession(session.id)
  expect(viewOf(late.events).items).toEqual(snapshot.items)
  expect(snapshot.items!.map((item) => item.kind)).toEqual(['input', 'step', 'output'])
})
