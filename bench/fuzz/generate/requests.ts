import fc from 'fast-check'
import type { Json } from '@shared/domain/json'
import { type Schema, valuesOf } from './fromSchema.ts'
import { HOSTILE_BODIES, HOSTILE_QUERIES, hostileAddress } from './hostile.ts'
import { nearlyValid } from './mutate.ts'
import { referenceTo } from './references.ts'
import type { FuzzedRoute } from './routes.ts'

/** Who asks (world/world.ts has one of each). */
export const CREDENTIALS = [
  ...['secret', 'publishable', 'person', 'otherPerson', 'customer', 'run'],
  ...['nobody', 'garbage', 'unsigned', 'expired', 'erased', 'foreignSecret', 'foreignPerson', 'foreignPublishable'],
] as const
export type CredentialName = (typeof CREDENTIALS)[number]

/** By the schemes of the document, those that may be let in. */
const FITTING: Record<string, CredentialName[]> = {
  secretKey: ['secret'],
  publishableKey: ['publishable'],
  endUserToken: ['person', 'customer'],
  runToken: ['run'],
}

/** How a body goes over the wire. Of the broken ones the server never gets all. */
export const FRAMINGS = [
  ...['length', 'chunked', 'gzip'],
  ...['notGzip', 'bomb', 'badUtf8', 'tooShort', 'cutOff', 'badChunk', 'twoLengths'],
] as const
export type Framing = (typeof FRAMINGS)[number]

/** One request, complete but for its references. */
export interface FuzzedRequest {
  kind: 'request'
  /** The route that it is meant for; its address or method may have become another's. */
  operationId: string
  method: string
  /** With its query. */
  address: string
  credential: CredentialName
  /** Header lines as they are on the wire. */
  headers: string[]
  body: string | null
  framing: Framing
}

export function requestsTo(route: FuzzedRoute): fc.Arbitrary<FuzzedRequest> {
  return fc
    .record({
      method: mostly(
        route.method,
        fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'PROPFIND'),
      ),
      path: pathsOf(route),
      query: queriesOf(route),
      credential: credentialsFor(route),
      headers: headersOf(route),
      body: bodiesOf(route),
      framing: mostly<Framing>('length', fc.constantFrom(...FRAMINGS), 12),
    })
    .map(({ path, query, ...request }) => ({
      kind: 'request' as const,
      operationId: route.operationId,
      ...request,
      address: query === '' ? path : `${path}?${query}`,
    }))
}

function mostly<T>(value: T, others: fc.Arbitrary<T>, weight = 30): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: others })
}

function credentialsFor({ security }: FuzzedRoute): fc.Arbitrary<CredentialName> {
  const fitting = security.flatMap((scheme) => FITTING[scheme] ?? [])
  return fc.oneof(
    { weight: fitting.length > 0 ? 5 : 0, arbitrary: fc.constantFrom(...(fitting.length > 0 ? fitting : CREDENTIALS)) },
    { weight: 1, arbitrary: fc.constantFrom(...CREDENTIALS) },
  )
}

/** Runs that are in the state that a route is about; without, few of its requests would get any further. */
const RUNS_OF: Record<string, string> = { resumeRun: 'paused', pushRun: 'outside', keepRunAlive: 'outside' }

function pathsOf({ operationId, path, params }: FuzzedRoute): fc.Arbitrary<string> {
  const fitting = RUNS_OF[operationId]
  const parts = Object.entries(params).map(([name, schema]) =>
    fc
      .oneof(
        { weight: 12, arbitrary: valuesOf(schema, name).map((value) => encoded(value)) },
        {
          weight: fitting === undefined ? 0 : 12,
          arbitrary: fitting === undefined ? fc.constant('') : referenceTo(fitting),
        },
        { weight: 1, arbitrary: hostileAddress },
      )
      .map((value) => [name, value] as const),
  )
  const filled = fc
    .tuple(...parts)
    .map((values) => values.reduce((text, [name, value]) => text.replace(`{${name}}`, () => value), path))
  return fc
    .tuple(filled, mostly('', fc.constantFrom('/', '//', '/..', '/%2e%2e', '.json', '/x', ';a=b', '%00', '#a'), 40))
    .map(([text, suffix]) => text + suffix)
}

/** References stay as they are: they become ids, which need no encoding. */
function encoded(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.startsWith('@{') ? text : encodeURIComponent(text)
}

function queriesOf({ query }: FuzzedRoute): fc.Arbitrary<string> {
  const hostile = fc.constantFrom(...HOSTILE_QUERIES)
  const names = Object.keys(query)
  if (names.length === 0) return mostly('', hostile)
  const members = Object.fromEntries(names.map((name) => [name, valuesOf(query[name] as Schema, name)]))
  const valid = fc.record(members, { requiredKeys: [] }).map((values) =>
    Object.entries(values)
      .map(([name, value = '']) => `${name}=${encoded(value)}`)
      .join('&'),
  )
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant('') },
    { weight: 8, arbitrary: valid },
    { weight: 3, arbitrary: hostile },
    {
      weight: 1,
      arbitrary: fc.constantFrom('metadata.color=red', 'metadata.n=1&limit=3', 'metadata.color=red&status=paused'),
    },
  )
}

const KEYS = ['key-1', 'key-1', 'key-2', 'key-3']
const HOSTILE_KEYS = ['', 'a b', 'x'.repeat(256), 'sch\u00fcssel', '\u0001', 'a, b', "'; drop table runs; --"]
/** Never many seconds: a call that waits is not one that hangs. */
const PREFERENCES = [
  'wait=0',
  'wait=1',
  'respond-async, wait=1',
  'wait=-1',
  'wait=x',
  'wait=1.5',
  'wait=9999999999',
  'wait="',
]
const OTHER_HEADERS = [
  ...['Origin: https://shop.example', 'Origin: https://evil.example', 'Origin: null', 'Origin: \u0000', 'Origin: //'],
  ...['Last-Event-ID: 1', 'Last-Event-ID: -1', 'Last-Event-ID: 99999999999999999999', 'Last-Event-ID: x'],
  ...[
    'Content-Type: text/plain',
    'Content-Type: application/json; charset=utf-16',
    'Content-Type: application/x-www-form-urlencoded',
  ],
  ...[
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Type: application/vnd.api+json',
    'Content-Type: ;',
    'Content-Encoding: br',
  ],
  ...[
    'X-Request-Id: req_1\u0000',
    'X-Evil: a\rb',
    'X-Evil: a\nX-Injected: 1',
    'X-Evil: a\u0000b',
    'Bad Header: x',
    ': x',
    'X-Evil',
  ],
  ...[
    'X-Forwarded-For: 127.0.0.1',
    'X-HTTP-Method-Override: DELETE',
    'Expect: 100-continue',
    'Expect: something',
    'Connection: Upgrade\r\nUpgrade: h2c',
  ],
  ...[
    'Accept-Encoding: gzip',
    'Accept: */*;q=x',
    'Range: bytes=0-1',
    'If-None-Match: *',
    'AgentView-Key: x',
    'Cookie: a=b',
  ],
  `X-Long: ${'x'.repeat(20_000)}`,
]

function headersOf({ headers, method }: FuzzedRoute): fc.Arbitrary<string[]> {
  const keys = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...KEYS) },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_KEYS) },
  )
  const key =
    'Idempotency-Key' in headers
      ? sometimes(
          keys.map((value) => `Idempotency-Key: ${value}`),
          2,
        )
      : fc.constant<string[]>([])
  return fc
    .tuple(
      key,
      method === 'POST' ? sometimes(fc.constant('Accept: text/event-stream'), 8) : fc.constant<string[]>([]),
      method === 'POST'
        ? sometimes(
            fc.constantFrom(...PREFERENCES).map((value) => `Prefer: ${value}`),
            8,
          )
        : fc.constant<string[]>([]),
      sometimes(fc.constantFrom(...OTHER_HEADERS), 8),
    )
    .map((lists) => lists.flat())
}

function sometimes(line: fc.Arbitrary<string>, outOf: number): fc.Arbitrary<string[]> {
  return fc.oneof(
    { weight: outOf - 1, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: line.map((one) => [one]) },
  )
}

function bodiesOf({ body }: FuzzedRoute): fc.Arbitrary<string | null> {
  if (!body) return mostly<string | null>(null, fc.constantFrom('{}', 'x', '{"a":1}', '[]', 'null'), 10)
  const valid = valuesOf(body)
  const text = valid.map((value) => JSON.stringify(value))
  return fc.oneof(
    { weight: 10, arbitrary: text },
    { weight: 6, arbitrary: nearlyValid(valid) },
    { weight: 2, arbitrary: fc.tuple(text, fc.constantFrom(...HOSTILE_BODIES)).map(([json, spoil]) => spoil(json)) },
    { weight: 1, arbitrary: fc.constant(null) },
  )
}
