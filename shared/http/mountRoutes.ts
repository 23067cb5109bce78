import type { Express, Request, Response } from 'express'
import type { Static, TSchema } from 'typebox'
import type { RouteName, clientRoutes } from '@shared/contracts/clientApi'
import { closed } from '@shared/contracts/objects'
import type { Route } from '@shared/contracts/route'
import { type Check, checkOf } from '@shared/contracts/validate'
import { AgentViewError } from '@shared/domain/errors'
import { findJsonFault } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import type { Authenticator } from '@shared/intake/authenticate'
import type { Caller } from '@shared/intake/caller'
import type { RequestKey } from '@shared/intake/requestKey'
import { requestKeyOf } from './idempotency.ts'

/** What a handler gets: everything checked and typed by the route's schemas. */
export interface Call<Name extends RouteName> {
  caller: Extract<Caller, { kind: (typeof clientRoutes)[Name]['callers'][number] }>
  params: Part<Name, 'params'>
  query: Part<Name, 'query'>
  body: Part<Name, 'body'>
  key: RequestKey
  request: Request
  response: Response
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

/**
 *   route ─▶ who asks ─▶ may he ─▶ from this page ─▶ path, query, body fit ─▶ handler ─▶ answer
 * Every route of a service goes this way; nothing else reads a request.
 */
export function mountRoutes<Names extends RouteName>(
  app: Express,
  routes: { [Name in Names]: Route },
  handlers: Handlers<Names>,
  authenticator: Authenticator,
): void {
  const names = Object.keys(handlers) as Names[]
  for (const name of names) {
    const route = routes[name]
    const read = requestReader(route)
    app[route.method](route.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, response) => {
      const caller = await authorize(route, request, authenticator)
      const parts = read(request)
      // After `read`: only what was found sound may be hashed.
      const key = route.idempotent ? requestKeyOf(request, `${route.method} ${route.path}`) : null
      // `read` has checked each part against the schema that Call<Name> takes its type from.
      const call = { caller, key, request, response, ...parts } as Call<typeof name>
      const reply = await handlers[name](call)
      if (reply === 'answered') return
      response
        .status(reply.status)
        .set(reply.headers ?? {})
        .json(reply.body)
    })
  }
}

async function authorize(route: Route, request: Request, authenticator: Authenticator): Promise<Caller> {
  const caller = await authenticator.authenticate(bearerOf(request))
  if (!route.callers.includes(caller.kind)) {
    throw new AgentViewError('forbidden', `This credential may not do that: ${route.callers.join(' or ')} is needed.`)
  }
  await authenticator.checkOrigin(caller, request.get('Origin'), request.get('Host'))
  return caller
}

function bearerOf(request: Request): string | null {
  return /^Bearer ([\x21-\x7e]{1,8192})$/i.exec(request.get('Authorization') ?? '')?.[1] ?? null
}

/** Reads and checks path, query and body; refuses with where and why. */
function requestReader(route: Route): (request: Request) => { params: unknown; query: unknown; body: unknown } {
  const checkParams = route.params && checkOf(route.params)
  const checkQuery = route.query && checkOf(route.query, { coerce: true })
  const checkBody = checkOf(route.body ?? closed({}))
  return (request) => {
    refuseBrokenQuery(request.originalUrl)
    return {
      params: checkParams && checked(checkParams, { ...request.params }, 'The address'),
      query: checkQuery && checked(checkQuery, { ...request.query }, 'The query'),
      body: checked(checkBody, request.body === undefined ? {} : request.body, 'The body'),
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
