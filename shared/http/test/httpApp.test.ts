import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Express } from 'express'
import { type Logger, pino } from 'pino'
import { AgentViewError, ERROR_STATUS, type ErrorCode } from '@shared/domain/errors'
import { toAgentViewError } from '../answers.ts'
import { answerErrors, answerNotFound, jsonBody, newApp } from '../httpApp.ts'

let app: Express
let server: Server
let url: string
let logged: string[]
let log: Logger

beforeEach(async () => {
  app = newApp()
  logged = []
  log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** An application that throws what it is given, or answers with the body that it read. */
async function ask(thrown: unknown, options: RequestInit = {}) {
  app.use(jsonBody())
  app.all('/', (request, response) => {
    if (thrown) throw thrown
    response.json({ body: (request.body as unknown) ?? 'none' })
  })
  app.use(answerNotFound(), answerErrors(log))
  const response = await fetch(url, options)
  return { response, body: (await response.json()) as { error: Record<string, unknown>; body?: unknown } }
}

const failure = (message: string, more: object = {}) => Object.assign(new Error(message), more)

describe('what is thrown', () => {
  test.each(Object.entries(ERROR_STATUS))('as %s is answered %d in the one shape', async (code, status) => {
    const options = { details: [{ path: '/a', message: 'is wrong' }], extra: { activeRunId: 'run_1' } }
    const { response, body } = await ask(new AgentViewError(code as ErrorCode, 'Why.', options))
    expect(response.status).toBe(status)
    expect(body).toEqual({
      error: {
        code,
        message: 'Why.',
        ...options.extra,
        details: options.details,
        requestId: response.headers.get('x-request-id'),
      },
    })
    expect(response.headers.has('www-authenticate')).toBe(status === 401)
    expect(response.headers.has('retry-after')).toBe(status === 503 || status === 429)
  })

  test('and not foreseen is answered 500 without a word of it, and logged with the request’s id', async () => {
    const { response, body } = await ask(failure('select secret from api_keys', { code: '42P01', detail: 'secret' }))
    expect(response.status).toBe(500)
    expect(JSON.stringify(body)).not.toMatch(/secret|42P01/)
    expect(logged).toHaveLength(1)
    expect(JSON.parse(logged[0]!)).toMatchObject({
      level: 50,
      requestId: response.headers.get('x-request-id'),
      path: '/',
    })
  })

  test.each<[string, unknown, ErrorCode]>([
    ['a refused connection', failure('connect', { code: 'ECONNREFUSED' }), 'unavailable'],
    ['a reset connection', failure('read', { code: 'ECONNRESET' }), 'unavailable'],
    ['a Postgres that stops', failure('terminating connection', { code: '57P01', severity: 'FATAL' }), 'unavailable'],
    [
      'a Postgres that starts',
      failure('the database system is starting up', { code: '57P03', severity: 'FATAL' }),
      'unavailable',
    ],
    ['a Postgres that is full', failure('too many clients', { code: '53300', severity: 'FATAL' }), 'unavailable'],
    ['a broken connection', failure('Connection terminated unexpectedly'), 'unavailable'],
    ['a full pool', failure('timeout exceeded when trying to connect'), 'unavailable'],
    ['a wrong statement', failure('syntax error', { code: '42601' }), 'internal'],
    ['a broken constraint', failure('duplicate key', { code: '23505' }), 'internal'],
    ['a text', 'connection is closed', 'internal'],
    ['nothing', undefined, 'internal'],
    ['null', null, 'internal'],
    ['a body that was cut', failure('aborted', { status: 400, type: 'request.aborted' }), 'invalid_request'],
    ['a path that can’t be decoded', failure('Failed to decode param', { status: 400 }), 'invalid_request'],
    ['an HTTP error of ours', failure('teapot', { status: 500 }), 'internal'],
  ])('%s is %s', (_what, thrown, code) => {
    expect(toAgentViewError(thrown).code).toBe(code)
  })
})

describe('a body', () => {
  const send = async (body: string | Uint8Array | undefined, headers: Record<string, string> = {}) => {
    const { response, body: answer } = await ask(null, {
      method: 'POST',
      ...(body !== undefined && { body: body as string }),
      headers,
    })
    return [response.status, answer.error?.['code'] ?? answer.body]
  }

  test('that is absent is absent, whatever its type is said to be', async () => {
    expect(await send(undefined, { 'content-type': 'text/plain' })).toEqual([200, 'none'])
  })

  test('that is empty is absent', async () => {
    expect(await send('', { 'content-type': 'application/json' })).toEqual([200, 'none'])
  })

  test('of JSON is read, also without a type', async () => {
    expect(await send(new Uint8Array(Buffer.from('{"a":1}')))).toEqual([200, { a: 1 }])
  })

  test('in UTF-16 is read, in another charset it is not', async () => {
    const utf16 = new Uint8Array(Buffer.from('\ufeff{"a":"ü"}', 'utf16le'))
    expect(await send(utf16, { 'content-type': 'application/json; charset=utf-16' })).toEqual([200, { a: 'ü' }])
  })

  test('of another type is refused before it is read', async () => {
    expect(await send('{', { 'content-type': 'text/plain' })).toEqual([415, 'unsupported_media_type'])
  })
})

test('every request has an id of its own, and nothing tells what serves it', async () => {
  app.use(answerNotFound(), answerErrors(log))
  const answers = await Promise.all([1, 2, 3].map(() => fetch(`${url}/nowhere`)))
  expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(3)
  for (const { headers } of answers) expect([headers.get('x-powered-by'), headers.get('etag')]).toEqual([null, null])
})
