import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { RequestOptions } from '../../../test/server/apiClient.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
let sessionId: string

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  sessionId = (await person.client.createSession({ agent: 'echo' })).id
})

afterAll(() => server?.close())

/** The three routes that take a body, with one that would be accepted. */
const PLACES = (): [string, string, object][] => [
  ['a message', `/v1/sessions/${sessionId}/messages`, { input: { type: 'x' } }],
  ['a first message', '/v1/messages', { agent: 'echo', input: { type: 'x' } }],
  ['a session', '/v1/sessions', { agent: 'echo', metadata: { type: 'x' } }],
]

async function refused(status: number, code: string, path: string, options: RequestOptions) {
  const error = await expectRefused(server, status, code, () => person.client.request('POST', path, options))
  // what would be remembered under a key has to be refused as well
  const headers = { ...options.headers, 'idempotency-key': `key-${Math.random()}` }
  await expectRefused(server, status, code, () => person.client.request('POST', path, { ...options, headers }))
  return error
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const nestedObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

describe('a body that is no JSON', () => {
  test.each([
    ['cut short', '{"input": "x"'],
    ['with a trailing comma', '{"input": "x",}'],
    ['with text behind it', '{"input": "x"} and more'],
    ['of nothing but a letter', 'x'],
    ['with a bare control character', '{"input": "a\nb"}'],
    ['with NaN', '{"input": {"a": NaN}}'],
    ['of white space', '   '],
  ])('%s is refused', async (_what, body) => {
    for (const [, path] of PLACES()) await refused(400, 'invalid_json', path, { body })
  })

  test.each([
    ['null', 'null'],
    ['a number', '5'],
    ['a text', '"input"'],
    ['a list', '[{"input": "x"}]'],
  ])('%s where an object is wanted is refused', async (_what, body) => {
    for (const [, path] of PLACES()) await refused(400, 'invalid_request', path, { body })
    const send = () => server.main.widget.request('POST', '/v1/auth/anonymous', { body })
    await expectRefused(server, 400, 'invalid_request', send)
  })
})

describe('JSON that can’t be stored', () => {
  const hostile: [string, string, string][] = [
    ['nested 65 deep', nested(64), 'deeper than 64'],
    ['nested 100,000 deep', nested(100_000), 'deeper than 64'],
    ['nested 100,000 deep in objects', nestedObjects(100_000), 'deeper than 64'],
    ['with NUL', '"a\\u0000b"', '\\u0000'],
    ['with NUL in a key', '{"a\\u0000": 1}', '\\u0000'],
    ['with the first half of a surrogate pair', '"\\ud83d"', 'surrogate'],
    ['with the second half of a surrogate pair', '"\\ude00 \\ud83d"', 'surrogate'],
    ['with half a surrogate pair in a key', '{"\\ud83d": 1}', 'surrogate'],
    ['with the key __proto__', '{"__proto__": {"isAdmin": true}}', '__proto__'],
    ['with the key constructor', '{"constructor": {"prototype": {"isAdmin": true}}}', 'constructor'],
    ['with the key prototype', '{"prototype": 1}', 'prototype'],
  ]
  test.each(hostile)('%s is refused, wherever it stands', async (_what, json, message) => {
    for (const [, path, body] of PLACES()) {
      const within = JSON.stringify(body).replace('"x"', json)
      const error = await refused(400, 'invalid_request', path, { body: within })
      expect(error.message).toContain(message)
    }
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  test('is refused as a body’s own member too', async () => {
    for (const [, path, body] of PLACES()) {
      const with__proto__ = JSON.stringify(body).replace('{', '{"__proto__": {"agent": "echo"}, ')
      await refused(400, 'invalid_request', path, { body: with__proto__ })
    }
  })

  test('nested 64 deep in all is accepted', async () => {
    const body = `{"input": {"a": ${nested(62)}}}`
    const answer = await person.client.post(`/v1/sessions/${sessionId}/messages`, body)
    expect(answer.status).toBe(202)
  })
})

describe('a member that isn’t known', () => {
  test.each(['status', 'organizationId', 'epoch', 'endUserId ', 'run', 'INPUT', 'debug'])(
    '%s is refused by its name',
    async (name) => {
      for (const [, path, body] of PLACES()) {
        const error = await refused(400, 'invalid_request', path, { body: { ...body, [name]: 'completed' } })
        expect(error.details![0]!.message).toContain(name)
      }
    },
  )

  test('is refused where no body is wanted', async () => {
    const { run } = await person.client.ask(sessionId, 'x')
    await expectRefused(server, 400, 'invalid_request', () =>
      person.client.post(`/v1/runs/${run.id}/cancel`, { status: 'completed' }),
    )
    expect((await person.client.post(`/v1/runs/${run.id}/cancel`, {})).status).toBe(200)
  })
})

describe('a member of the wrong kind', () => {
  test.each<[string, object]>([
    ['input as a number', { input: 5 }],
    ['input as a list', { input: ['x'] }],
    ['input as nothing', { input: null }],
    ['an empty input', { input: '' }],
    ['no input', {}],
    ['onBusy that isn’t offered', { input: 'x', onBusy: 'explode' }],
    ['metadata as a text', { input: 'x', metadata: 'a' }],
    ['metadata as a list', { input: 'x', metadata: [] }],
    ['runType as a number', { input: 'x', runType: 1 }],
    ['an endless runType', { input: 'x', runType: 'x'.repeat(65) }],
    ['an endless version', { input: 'x', version: '1'.repeat(51) }],
  ])('%s is refused', async (_what, body) => {
    await refused(400, 'invalid_request', `/v1/sessions/${sessionId}/messages`, { body })
    await refused(400, 'invalid_request', '/v1/messages', { body: { agent: 'echo', ...body } })
  })

  test.each<[string, object]>([
    ['no agent', {}],
    ['an agent as a list', { agent: ['echo'] }],
    ['an empty agent', { agent: '' }],
    ['a space that doesn’t exist', { agent: 'echo', space: 'moon' }],
    ['an empty title', { agent: 'echo', title: '' }],
    ['an endless title', { agent: 'echo', title: 'x'.repeat(501) }],
    ['an end user by a wrong id', { agent: 'echo', endUserId: 'eu_1' }],
    ['an end user by another kind of id', { agent: 'echo', endUserId: 'ses_01jd0000000000000000000000' }],
  ])('%s is refused', async (_what, body) => {
    await refused(400, 'invalid_request', '/v1/sessions', { body })
  })
})

describe('a body that is too large', () => {
  const MIB = 1_048_576
  const textOf = (bytes: number) => `{"input": "${'x'.repeat(bytes - 13)}"}`

  test('by a single byte is refused, whether its length is told or not', async () => {
    const path = `/v1/sessions/${sessionId}/messages`
    await refused(413, 'payload_too_large', path, { body: textOf(MIB + 1) })
    const { readable, writable } = new TransformStream<Uint8Array>()
    const writer = writable.getWriter()
    void writer.write(Buffer.from(textOf(MIB + 1))).then(
      () => writer.close(),
      () => undefined,
    )
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' },
      body: readable,
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: { code: 'payload_too_large' } })
  })

  test('when it is unpacked is refused: 20 MiB of nothing in 20 KiB', async () => {
    const body = gzipSync(textOf(20 * MIB))
    expect(body.length).toBeLessThan(30_000)
    const headers = { 'content-encoding': 'gzip' }
    for (const [, path] of PLACES()) await refused(413, 'payload_too_large', path, { body, headers })
  })

  test('for one item is refused, though the body is not', async () => {
    const path = `/v1/sessions/${sessionId}/messages`
    const error = await refused(413, 'payload_too_large', path, { body: textOf(MIB) })
    expect(error.details![0]!.path).toBe('/input')
    const itemOf = (bytes: number) => ({ input: { a: 'x'.repeat(bytes - '{"a":""}'.length) } })
    await refused(413, 'payload_too_large', path, { body: itemOf(262_145) })
    expect((await person.client.post(path, itemOf(262_144))).status).toBe(202)
    const metadata = { a: 'x'.repeat(65_536) }
    for (const [, place, body] of PLACES())
      await refused(413, 'payload_too_large', place, { body: { ...body, metadata } })
    const send = () => server.main.widget.post('/v1/auth/anonymous', { metadata: { a: '€'.repeat(30_000) } })
    await expectRefused(server, 413, 'payload_too_large', send)
  })
})

describe('a body of another type', () => {
  test.each([
    ['text/plain', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a form with files', 'multipart/form-data; boundary=x'],
    ['something like JSON', 'application/jsonp'],
    ['JSON in another charset', 'application/json; charset=iso-8859-1'],
    ['nothing at all', ' '],
  ])('%s is refused', async (_what, type) => {
    for (const [, path, body] of PLACES()) {
      const options = { body: JSON.stringify(body), headers: { 'content-type': type } }
      await refused(415, 'unsupported_media_type', path, options)
    }
  })

  test('packed in a way that isn’t known is refused, and so is what can’t be unpacked', async () => {
    const body = JSON.stringify({ agent: 'echo' })
    const send = (encoding: string) => ({ body, headers: { 'content-encoding': encoding } })
    await refused(415, 'unsupported_media_type', '/v1/sessions', send('compress'))
    await refused(400, 'invalid_request', '/v1/sessions', send('gzip'))
  })

  test('that is JSON by a name of its own, or packed, is accepted', async () => {
    const body = JSON.stringify({ agent: 'echo' })
    for (const type of ['application/json; charset=utf-8', 'application/vnd.api+json', 'APPLICATION/JSON']) {
      const options = { body, headers: { 'content-type': type } }
      expect((await person.client.request('POST', '/v1/sessions', options)).status).toBe(201)
    }
    const packed = { body: gzipSync(body), headers: { 'content-encoding': 'gzip' } }
    expect((await person.client.request('POST', '/v1/sessions', packed)).status).toBe(201)
  })
})
