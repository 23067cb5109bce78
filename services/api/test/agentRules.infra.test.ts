import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { JsonObject } from '@shared/domain/json'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import type { Acceptance, Page } from '../../../test/server/apiClient.ts'
import { contentsOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

const QUESTION: JsonObject = {
  type: 'object',
  properties: { type: { const: 'question' }, tags: { type: 'array', items: { $ref: '#/$defs/tag' } } },
  required: ['type'],
  additionalProperties: false,
  $defs: { tag: { type: 'string', pattern: '^[a-z]+$' } },
}

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  await server.main.publish(
    {
      name: 'strict',
      allowUnknownMetadata: false,
      metadata: {
        productId: { type: 'string', minLength: 2 },
        place: { $ref: '#/$defs/place', $defs: { place: { enum: ['a', 'b'] } } },
      },
      runs: [{ type: 'ask', input: { schema: QUESTION } }, { type: 'chat' }],
    },
    'echo',
  )
})

afterAll(() => server?.close())

const newSession = async (agent: string) => (await person.client.createSession({ agent })).id
const send = (sessionId: string, body: object) =>
  person.client.post<Acceptance>(`/v1/sessions/${sessionId}/messages`, body)

describe('an input that does not fit its agent’s schema', () => {
  test.each<[string, object, string]>([
    ['has another type', { input: { type: 'answer' } }, '/input/type'],
    ['lacks a member', { input: {} }, '/input'],
    ['has an unknown member', { input: { type: 'question', more: 1 } }, '/input'],
    ['has a wrong element deep within', { input: { type: 'question', tags: ['a', 'B'] } }, '/input/tags/1'],
    ['is a text where an object is wanted', { input: 'hello' }, '/input'],
    ['is of a run type that the agent doesn’t have', { input: { type: 'question' }, runType: 'other' }, '/runType'],
  ])('because it %s is refused with its path', async (_why, body, path) => {
    const sessionId = await newSession('strict')
    const error = await expectRefused(server, 422, 'schema_violation', () => send(sessionId, body))
    expect(error.details![0]!.path).toBe(path)
    const begun = await expectRefused(server, 422, 'schema_violation', () =>
      person.client.post('/v1/messages', { agent: 'strict', ...body }),
    )
    expect(begun.details).toEqual(error.details)
  })

  test('is accepted as soon as it fits, and without a schema anything fits', async () => {
    const sessionId = await newSession('strict')
    const fitting = await send(sessionId, { input: { type: 'question', tags: ['a'] } })
    expect([fitting.status, fitting.body.run.type]).toEqual([202, 'ask'])
    const chat = await send(sessionId, { input: 'hello', runType: 'chat' })
    expect([chat.status, chat.body.run.type]).toEqual([202, 'chat'])
  })
})

describe('metadata of a session', () => {
  test.each<[string, object, string]>([
    ['that is too short for its schema', { productId: 'x' }, '/metadata/productId'],
    ['of another type', { productId: 5 }, '/metadata/productId'],
    ['outside a referenced definition', { place: 'c' }, '/metadata/place'],
    ['that the agent doesn’t know', { productId: 'p1', color: 'red' }, '/metadata/color'],
  ])('%s is refused with its path', async (_why, metadata, path) => {
    const bodies: [string, object][] = [
      ['/v1/sessions', { agent: 'strict', metadata }],
      ['/v1/messages', { agent: 'strict', metadata, input: { type: 'question' } }],
    ]
    for (const [route, body] of bodies) {
      const error = await expectRefused(server, 422, 'schema_violation', () => person.client.post(route, body))
      expect(error.details![0]!.path).toBe(path)
    }
  })

  test('that fits is kept', async () => {
    const metadata = { productId: 'p1', place: 'b' }
    const session = await person.client.createSession({ agent: 'strict', metadata })
    expect(session.metadata).toEqual(metadata)
  })
})

describe('metadata that an agent app pushes', () => {
  test('is checked, bounded with what the session has and what was pushed before, and taken away by null', async () => {
    const { client } = server.main
    const { id } = await client.createSession({ agent: 'strict', metadata: { place: 'a' } })
    await server.main.publish({ name: 'loose', metadata: {} }, 'echo')
    const loose = await client.createSession({ agent: 'loose' })
    const begin = async (sessionId: string) => (await client.post<Run>(`/v1/sessions/${sessionId}/runs`, {})).body.id
    const push = (runId: string, body: object) => client.request<Run>('PATCH', `/v1/runs/${runId}`, { body })
    const runId = await begin(id)
    const refused = { error: { code: 'schema_violation', details: [{ path: '/metadata/place' }] } }
    expect((await push(runId, { metadata: { place: 'c' } })).body).toMatchObject(refused)
    await push(runId, { metadata: { place: null, productId: 'p1' }, items: [{}], status: 'completed' })
    expect((await client.readSession(id)).metadata).toEqual({ productId: 'p1' })

    const half = 'x'.repeat(tunables.metadataBytes / 2)
    const large = await begin(loose.id)
    expect((await push(large, { metadata: { a: half } })).status).toBe(200)
    expect((await push(large, { metadata: { b: half } })).status).toBe(422)
    expect((await push(large, { metadata: { a: null, b: half } })).status).toBe(200)
    await push(large, { items: [{}], status: 'completed' })
    expect((await client.readSession(loose.id)).metadata).toEqual({ b: half })
  })
})

describe('a session that is busy', () => {
  test('refuses a message that asks for that, and names the run that it is busy with', async () => {
    const sessionId = await newSession('staged')
    const first = await person.client.say(sessionId, 'a')
    await server.stage.turn(first.run.id)
    const held = await expectRefused(server, 409, 'session_busy', () =>
      send(sessionId, { input: 'b', onBusy: 'reject' }),
    )
    expect(held.activeRunId).toBe(first.run.id)
    const queued = await person.client.say(sessionId, 'c')
    await person.client.cancel(first.run.id)
    await server.stage.turn(queued.run.id)
    await person.client.cancel(queued.run.id)
    expect((await send(sessionId, { input: 'd', onBusy: 'reject' })).status).toBe(202)
  })

  test('refuses by its agent’s policy, unless the message says otherwise', async () => {
    const { policy } = (
      await server.rows<{ policy: JsonObject }>(`select definition -> 'policy' as policy from agent_versions limit 1`)
    )[0]!
    await server.main.publish({ name: 'shy', policy: { ...policy, onBusy: 'reject' } as never }, 'staged')
    const sessionId = await newSession('shy')
    const first = await person.client.say(sessionId, 'a')
    await expectRefused(server, 409, 'session_busy', () => send(sessionId, { input: 'b' }))
    const second = await send(sessionId, { input: 'b', onBusy: 'enqueue' })
    expect(second.status).toBe(202)
    for (const { run } of [second.body, first]) await person.client.cancel(run.id)
  })

  test('takes turns strictly in the order of acceptance', async () => {
    const sessionId = await newSession('echo')
    const texts = Array.from({ length: 12 }, (_, index) => String(index))
    for (const text of texts.slice(0, -1)) await person.client.say(sessionId, text)
    await person.client.ask(sessionId, texts.at(-1)!)
    const { items } = await person.client.readSession(sessionId)
    expect(contentsOf(items!)).toEqual(texts.flatMap((text) => [text, `You said: ${text}`]))
  })
})

describe('a session whose queue is full', () => {
  const { sessionQueue } = tunables

  test('refuses a message, which leaves nothing behind and may be sent again under its key', async () => {
    const sessionId = await newSession('staged')
    const held = await person.client.say(sessionId, 'held')
    await server.stage.turn(held.run.id)
    const waiting = Array.from({ length: sessionQueue }, (_, i) => person.client.say(sessionId, String(i)))
    const runs = (await Promise.all(waiting)).map(({ run }) => run.id)
    const path = `/v1/sessions/${sessionId}/messages`
    const post = () => person.client.post<Acceptance>(path, { input: 'more' }, { 'idempotency-key': 'more' })
    let retryAfter: string | null = null
    await expectRefused(server, 429, 'rate_limited', async () => {
      const answer = await post()
      retryAfter = answer.headers.get('retry-after')
      return answer
    })
    expect(retryAfter).toBe('1')
    // Whoever asks for it is told that the session is busy, as with any queue.
    await expectRefused(server, 409, 'session_busy', () => send(sessionId, { input: 'x', onBusy: 'reject' }))
    await person.client.cancel(runs[0]!)
    const again = await post()
    expect([again.status, again.headers.has('idempotent-replayed')]).toEqual([202, false])
    // What was accepted is replayed, however full it is.
    expect((await post()).headers.get('idempotent-replayed')).toBe('true')
    await expectRefused(server, 429, 'rate_limited', () => send(sessionId, { input: 'x' }))
    await Promise.all([...runs.slice(1), again.body.run.id].map((runId) => person.client.cancel(runId)))
    await person.client.cancel(held.run.id)
  })
})

test('agents are listed by name, a page at a time, in both orders', async () => {
  const { client } = server.other
  for (const name of ['zebra', 'a', 'a-1']) await server.other.publish({ name }, 'echo')
  const pages = async (query: string) => {
    const names: string[][] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const suffix: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { body } = await client.get<Page<{ name: string }>>(`/v1/agents?limit=2${query}${suffix}`)
      names.push(body.data.map(({ name }) => name))
      cursor = body.nextCursor
    }
    return names
  }
  const up = [['a', 'a-1'], ['asking', 'echo'], ['staged', 'steps'], ['zebra']]
  expect(await pages('')).toEqual(up)
  expect((await pages('&order=desc')).flat()).toEqual(up.flat().toReversed())
})

describe('the version that a session’s next run uses', () => {
  const versionOf = async (sessionId: string, more: object = {}) =>
    (await person.client.say(sessionId, 'x', more)).run.version
  const publish = (name: string, version: string) => server.main.publish({ name, version }, 'echo')

  test('is the active one while that has its major and is not lower', async () => {
    await publish('one', '1.1.0')
    const sessionId = await newSession('one')
    expect(await versionOf(sessionId)).toBe('1.1.0')
    await publish('one', '1.2.0')
    expect(await versionOf(sessionId)).toBe('1.2.0')
    await publish('one', '2.0.0')
    expect(await versionOf(sessionId)).toBe('1.2.0')
    expect(await versionOf(await newSession('one'))).toBe('2.0.0')
    expect((await person.client.readSession(sessionId)).version).toBe('1.2.0')
  })

  test('is its own when an older one was made active again', async () => {
    await publish('two', '1.0.0')
    await publish('two', '1.5.0')
    const sessionId = await newSession('two')
    expect(await versionOf(sessionId)).toBe('1.5.0')
    await publish('two', '1.0.0')
    expect(await versionOf(sessionId)).toBe('1.5.0')
  })

  test('may be asked for, but not with another major, not lower, and not when it doesn’t exist', async () => {
    await publish('three', '1.0.0')
    await publish('three', '1.1.0')
    const sessionId = await newSession('three')
    expect(await versionOf(sessionId, { version: '1.1.0' })).toBe('1.1.0')
    await publish('three', '2.0.0')
    await eventually(async () => (await person.client.readSession(sessionId)).lastRun?.status === 'completed')
    for (const version of ['2.0.0', '1.0.0', '1.1.1', '1.1', 'latest']) {
      const error = await expectRefused(server, 409, 'version_incompatible', () =>
        send(sessionId, { input: 'x', version }),
      )
      expect(error.sessionVersion).toBe('1.1.0')
    }
    expect(await versionOf(sessionId, { version: '1.1.0' })).toBe('1.1.0')
  })
})
