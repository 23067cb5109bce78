import { type RequestListener, type Server, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { clientRoutes } from '@shared/contracts/clientApi'
import { AgentViewError } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import type { Authenticator } from '@shared/intake/authenticate'
import { openDoor } from '@shared/intake/door'
import { createLimits } from '@shared/limits/limits'
import { NO_LIMITS } from '@shared/limits/settings'
import { type MarkForPage, cors } from '../cors.ts'
import { hotRoute } from '../hotRoute.ts'
import { answerErrors, answerNotFound, jsonBody, newApp } from '../httpApp.ts'
import { mountRoutes } from '../mountRoutes.ts'
import { type Call, type Reply, serveRoute } from '../serveRoute.ts'

/** Two servers of the same route: one by Express alone, one with the route in front of it. */
const servers: Server[] = []
/** What Express was asked for by the second one. */
let passedOn = 0
const logged: string[] = []
const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(line) })

const authenticator: Authenticator = {
  async authenticate(credential) {
    if (credential === 'secret' || credential === 'publishable')
      return { kind: credential, organizationId: 'org_1', keyId: 'key_1' }
    throw new AgentViewError('unauthorized', 'Who are you?')
  },
  async checkOrigin(_caller, origin) {
    if (origin === 'https://other.example') throw new AgentViewError('origin_not_allowed', 'Not of this organization.')
  },
}

const limits = createLimits({ settings: NO_LIMITS, counters: null, log })
const door = openDoor(authenticator, limits)

const markForPage: MarkForPage = async (origin, _request, response) => {
  response.setHeader('Vary', 'Origin')
  if (origin === 'https://evil.example') throw new AgentViewError('origin_not_allowed', 'Nobody lists it.')
  response.setHeader('Access-Control-Allow-Origin', origin)
}

/** Says what it was given; some inputs go wrong. */
async function sendMessage({ caller, params, body, key, request }: Call<'sendMessage'>): Promise<Reply> {
  if (body.input === 'breaks') throw new TypeError('a fault of ours')
  if (body.input === 'busy') throw new AgentViewError('rate_limited', 'Later.')
  const { prefer, accept } = request.headers
  const said = { caller, params, body, key, prefer, accept }
  return { status: 202, body: said, headers: { Location: '/v1/runs/1', 'Preference-Applied': String(prefer) } }
}

beforeAll(async () => {
  const app = newApp()
  app.use(cors(markForPage), jsonBody())
  mountRoutes(app, { sendMessage: clientRoutes.sendMessage }, { sendMessage }, door)
  app.use(answerNotFound(), answerErrors(log))
  const route = clientRoutes.sendMessage
  const serve = serveRoute(route, sendMessage, door)
  const counted: RequestListener = (request, response) => {
    passedOn++
    app(request, response)
  }
  for (const listener of [app, hotRoute({ route, serve, markForPage, log }, counted)]) {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
  }
})
afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))))
beforeEach(() => {
  passedOn = 0
  logged.length = 0
})

/** All that a server answers to these bytes, until it closes; what differs by chance is taken out. */
function answersTo(server: Server, bytes: readonly (string | Buffer)[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    for (const part of bytes) socket.write(part)
    socket.setEncoding('utf8').on('data', (part: string) => (text += part))
    socket.on('error', reject).on('close', () => resolve(comparable(text)))
  })
}

function comparable(text: string): string[] {
  return text.split(/(?=HTTP\/1\.1 )/).map((answer) => {
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    const [status, ...headers] = head.replaceAll(/req_\w{26}/g, 'req').split('\r\n')
    const named = headers.map((line) =>
      line.replace(/^Date: .*/, 'Date').replace(/^[^:]+/, (name) => name.toLowerCase()),
    )
    const said = body.replaceAll(/req_\w{26}/g, 'req').replaceAll(/Reference: \w+/g, 'Reference')
    return [status, ...named.toSorted(), '', said].join('\n')
  })
}

const PATH = '/v1/sessions/ses_01h455vb4pex5vsknk084sn02q/messages'
const GOOD = '{"input":"hello"}'

interface Asked {
  method?: string
  path?: string
  body?: string | Buffer
  headers?: Record<string, string | undefined>
}

/** A request as it goes over the wire; the server closes after it. */
function request({ method = 'POST', path = PATH, body = GOOD, headers = {} }: Asked): (string | Buffer)[] {
  const all = {
    Host: 'api.example',
    Authorization: 'Bearer secret',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  return [[`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'), body]
}

const chunked = (body: string) => ({
  body: `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
})
const large = JSON.stringify({ input: 'x'.repeat(tunables.bodyBytes) })

/** Answered in front of Express. */
const HOT: Record<string, Asked> = {
  'a good one': {},
  'a string with every kind of letter': { body: '{"input":"ä\\u00e9\\ud83d\\ude00😀"}' },
  'all members': {
    body: '{"input":{"a":[1,2.5e3,null]},"runType":"chat","metadata":{"b":true},"onBusy":"merge","debounceMs":5}',
  },
  'no content type': { headers: { 'Content-Type': undefined } },
  'a charset': { headers: { 'Content-Type': 'application/json; charset=utf-8' } },
  'a byte order mark': { body: '\ufeff{"input":"hello"}' },
  'broken UTF-8': {
    body: Buffer.concat([Buffer.from('{"input":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')]),
  },
  'an idempotency key': { headers: { 'Idempotency-Key': 'k-1' } },
  'a bad idempotency key': { headers: { 'Idempotency-Key': 'a b' } },
  'Prefer: wait': { headers: { Prefer: 'respond-async, wait=30' } },
  'Accept: text/event-stream': { headers: { Accept: 'text/event-stream' } },
  'a page that is listed': { headers: { Origin: 'https://shop.example' } },
  'a page that nobody lists': { headers: { Origin: 'https://evil.example' } },
  'a page of another organization': { headers: { Origin: 'https://other.example' } },
  'no credential': { headers: { Authorization: undefined } },
  'a bad credential': { headers: { Authorization: 'Bearer nobody' } },
  'another scheme': { headers: { Authorization: 'Basic secret' } },
  'a credential that may not': { headers: { Authorization: 'Bearer publishable' } },
  'bad JSON': { body: '{"input":' },
  'bad JSON without a credential': { body: '{', headers: { Authorization: undefined } },
  'a bare string': { body: '"hello"' },
  null: { body: 'null' },
  'no input': { body: '{}' },
  'an unknown member': { body: '{"input":"a","status":"done"}' },
  'a poisoned key': { body: '{"input":{"__proto__":{"a":1}}}' },
  'a NUL': { body: '{"input":"\\u0000"}' },
  'too deep': { body: `{"input":{"a":${'['.repeat(100)}${']'.repeat(100)}}}` },
  'a bad session id': { path: '/v1/sessions/ses_nonsense/messages' },
  'a refusal with Retry-After': { body: '{"input":"busy"}' },
  'a fault of ours': { body: '{"input":"breaks"}' },
  'Expect: 100-continue': { headers: { Expect: '100-continue' } },
}

/** Left to Express. */
const PASSED: Record<string, Asked> = {
  'a query': { path: `${PATH}?a=1` },
  'a slash at the end': { path: `${PATH}/` },
  'another case': { path: PATH.replace('messages', 'MESSAGES') },
  'a path to decode': { path: PATH.replace('ses_', '%73es_') },
  'bad percent-encoding': { path: PATH.replace('ses_', '%zz') },
  'another route': { path: '/v1/nothing' },
  GET: { method: 'GET', body: '', headers: { 'Content-Length': undefined } },
  HEAD: { method: 'HEAD', body: '', headers: { 'Content-Length': undefined } },
  PUT: { method: 'PUT' },
  'a preflight': {
    method: 'OPTIONS',
    body: '',
    headers: { Origin: 'https://shop.example', 'Content-Length': undefined },
  },
  'no body': { body: '', headers: { 'Content-Length': undefined } },
  'an empty body': { body: '' },
  chunked: chunked(GOOD),
  'too large': { body: large },
  'too large, chunked': chunked(large),
  gzip: { body: gzipSync(GOOD), headers: { 'Content-Encoding': 'gzip' } },
  'another encoding': { headers: { 'Content-Encoding': 'zstd' } },
  'another type': { headers: { 'Content-Type': 'text/plain' } },
  'another charset': { headers: { 'Content-Type': 'application/json; charset=latin1' } },
  'a type of its own': { headers: { 'Content-Type': 'application/vnd.x+json' } },
}

async function expectSame(bytes: (string | Buffer)[]): Promise<string[]> {
  const [byExpress = [], inFront = []] = await Promise.all(servers.map((server) => answersTo(server, bytes)))
  expect(inFront).toEqual(byExpress)
  expect(inFront.at(-1)).toMatch(/^HTTP\/1\.1 \d{3}/)
  return inFront
}

test.each(Object.keys(HOT))('%s is answered in front as Express does', async (name) => {
  await expectSame(request(HOT[name]!))
  expect(passedOn).toBe(0)
})

test.each(Object.keys(PASSED))('%s is left to Express', async (name) => {
  await expectSame(request(PASSED[name]!))
  expect(passedOn).toBe(1)
})

test('requests of one connection are answered in their order', async () => {
  const open = { headers: { Connection: 'keep-alive' } }
  const asked = [open, { ...open, body: '{' }, { ...open, method: 'PUT' }, { ...open, body: '{"input":"2"}' }, {}]
  const answers = await expectSame(asked.flatMap(request))
  expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['202', '400', '404', '202', '202'])
})

test('a fault of ours is logged the same, with the id that the answer has', async () => {
  await expectSame(request({ body: '{"input":"breaks"}' }))
  const lines = logged.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines).toHaveLength(2)
  for (const line of lines)
    expect(line).toMatchObject({ method: 'POST', path: PATH, requestId: expect.stringMatching(/^req_\w{26}$/) })
})

test('whoever goes before the end of his body holds nothing up', async () => {
  for (const server of servers) {
    const [head] = request({})
    await new Promise<void>((resolve) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      socket.write(`${String(head)}{"inp`, () => socket.destroy())
      socket.on('close', () => resolve())
    })
  }
  await expectSame(request({}))
})
