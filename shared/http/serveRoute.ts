import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Static, TSchema } from 'typebox'
import type { RouteName, clientRoutes } from '@shared/contracts/clientApi'
import { closed } from '@shared/contracts/objects'
import type { Route } from '@shared/contracts/route'
import { type Check, checkOf } from '@shared/contracts/validate'
import { AgentViewError } from '@shared/domain/errors'
import { findJsonFault, isObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import type { Caller } from '@shared/intake/caller'
import type { Door } from '@shared/intake/door'
import type { RequestKey } from '@shared/intake/requestKey'
import { sendJson } from './answers.ts'
import { requestKeyOf } from './idempotency.ts'
import { spendOrRefuse, stayUntilClosed } from './limitedAnswers.ts'

/** What a handler gets: everything checked and typed by the route's schemas. */
export interface Call<Name extends RouteName> {
  caller: Extract<Caller, { kind: (typeof clientRoutes)[Name]['callers'][number] }>
  params: Part<Name, 'params'>
  query: Part<Name, 'query'>
  body: Part<Name, 'body'>
  key: RequestKey
  request: IncomingMessage
  response: ServerResponse
  /** Before an answer that may last: takes one of the caller's places until it is over. Throws AgentViewError `too_many_connections`. */
  stay: () => void
}

type Part<Name extends RouteName, Member extends string> = (typeof clientRoutes)[Name] extends {
  [key in Member]: infer Schema extends TSchema
}
  ? Static<Schema>
  : undefined

/** What to answer; `answered` when the handler has written the answer itself (streams). */
export type Reply = { status: number; body: unknown; headers?: Record<string, string> } | 'answered'

/** A handler for each of some routes: a missing one does not compile. */
export type Handlers<Names extends RouteName> = { [Name in Names]: (call: Call<Name>) => Promise<Reply> }

/** The parts of a request as whoever routed it has found them; `body` is undefined when there is none. */
export interface Parts {
  params: object
  query: object
  body: unknown
}

/** Answers one request of a route. Rejects with what `sendThrown` answers. */
export type ServeRequest = (request: IncomingMessage, response: ServerResponse, parts: Parts) => Promise<void>

/**
 *   who asks ─▶ may he ─▶ from this page ─▶ within his limit ─▶ path, query, body fit ─▶ handler ─▶ answer
 * Every request goes this way, whoever has routed it; nothing else reads one.
 */
export function serveRoute<Name extends RouteName>(
  route: Route,
  handle: (call: Call<Name>) => Promise<Reply>,
  door: Door,
): ServeRequest {
  const read = partsReader(route)
  const name = `${route.method} ${route.path}`
  return async (request, response, parts) => {
    const caller = await authorize(route, request, door)
    spendOrRefuse(door, caller, request, response)
    const sound = read(request.url ?? '', parts)
    if (route.counted !== undefined)
      spendOrRefuse(door, caller, request, response, lengthOf(sound.body, route.counted) - 1)
    // After `read`: only what was found sound may be hashed.
    const key = route.idempotent ? requestKeyOf(request, parts.body, name) : null
    // `read` has checked each part against the schema that Call<Name> takes its type from.
    const stay = () => stayUntilClosed(door, caller, request, response)
    const reply = await handle({ caller, key, request, response, stay, ...sound } as Call<Name>)
    if (reply !== 'answered') sendJson(response, reply.status, reply.body, reply.headers)
  }
}

async function authorize(route: Route, request: IncomingMessage, door: Door): Promise<Caller> {
  const { authorization, origin, host } = request.headers
  const key = request.headers['agentview-key']
  const caller = await door.authenticate(request, bearerIn(authorization), typeof key === 'string' ? key : null)
  if (!route.callers.includes(caller.kind)) {
    throw new AgentViewError('forbidden', `This credential may not do that: ${route.callers.join(' or ')} is needed.`)
  }
  await door.checkOrigin(caller, origin, host)
  return caller
}

function lengthOf(body: unknown, member: string): number {
  const list = isObject(body) ? body[member] : undefined
  return Array.isArray(list) ? list.length : 1
}

function bearerIn(authorization = ''): string | null {
  return /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(authorization)?.[1] ?? null
}

/** Checks path, query and body; refuses with where and why. */
export function partsReader(
  route: Pick<Route, 'params' | 'query' | 'body'>,
): (url: string, parts: Parts) => { params: unknown; query: unknown; body: unknown } {
  const checkParams = route.params && checkOf(route.params)
  const checkQuery = route.query && checkOf(route.query, { coerce: true })
  const checkBody = checkOf(route.body ?? closed({}))
  return (url, { params, query, body }) => {
    refuseBrokenQuery(url)
    return {
      params: checkParams && checked(checkParams, { ...params }, 'The address'),
      query: checkQuery && checked(checkQuery, { ...query }, 'The query'),
      body: checked(checkBody, body === undefined ? {} : body, 'The body'),
    }
  }
}

/** The parser of queries is lenient: it would make something else of what isn't UTF-8. Paths are decoded strictly. */
function refuseBrokenQuery(url: string): void {
  try {
    decodeURIComponent(url.slice(url.indexOf('?') + 1))
  } catch {
    throw new AgentViewError('invalid_request', 'The query is not valid: its percent-encoding is not that of UTF-8.')
  }
}

function checked(check: Check<unknown>, value: unknown, what: string): unknown {
  const fault = findJsonFault(value, tunables.jsonDepth)
  const result = fault ? { ok: false as const, details: [fault] } : check(value)
  if (result.ok) return result.value
  const [first] = result.details
  throw new AgentViewError(
    'invalid_request',
    `${what} is not valid: ${first ? `${first.path} ${first.message}`.trim() : 'see details'}.`,
    { details: result.details },
  )
}
