import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Static, TSchema } from 'typebox'
import { type Rule, adminAccess } from '@shared/contracts/adminAccess'
import { type AdminRouteName, adminRoutes } from '@shared/contracts/adminApi'
import type { AdminRoute } from '@shared/contracts/adminRoute'
import { AgentViewError } from '@shared/domain/errors'
import { uuidOf } from '@shared/domain/ids'
import { requestIdOf, sendJson } from '@shared/http/answers'
import { type Parts, type Reply, partsReader } from '@shared/http/serveRoute'
import type { AdminTools } from './adminTools.ts'
import { type CallerOf, authorize } from './caller.ts'

type Part<Name extends AdminRouteName, Member extends string> = (typeof adminRoutes)[Name] extends {
  [key in Member]: infer Schema extends TSchema
}
  ? Static<Schema>
  : undefined

/** What a handler gets: who asks, as the route's rule says, and everything checked and typed by the route's schemas. */
export interface AdminCall<Name extends AdminRouteName> {
  caller: CallerOf<(typeof adminAccess)[Name]>
  params: Part<Name, 'params'>
  query: Part<Name, 'query'>
  body: Part<Name, 'body'>
  request: IncomingMessage
  response: ServerResponse
  requestId: string
  /** Where the request comes from. */
  address: string
}

/** `cookies`: what else the answer sets. */
export type AdminReply = (Exclude<Reply, 'answered'> & { cookies?: string[] }) | 'answered'

/** A handler for each of some routes: a missing one does not compile. */
export type AdminHandlers<Names extends AdminRouteName> = {
  [Name in Names]: (call: AdminCall<Name>) => Promise<AdminReply>
}

/**
 *   who asks, and may he (adminAccess) ─▶ path, query, body fit ─▶ handler ─▶ answer, with cookies
 * Every request of the Admin API goes this way.
 */
export function serveAdmin<Name extends AdminRouteName>(
  tools: AdminTools,
  name: Name,
  handle: (call: AdminCall<Name>) => Promise<AdminReply>,
): (request: IncomingMessage, response: ServerResponse, parts: Parts) => Promise<void> {
  const route: AdminRoute = adminRoutes[name]
  const rule: Rule = adminAccess[name]
  const read = partsReader(route)
  return async (request, response, parts) => {
    response.setHeader('Cache-Control', 'no-store')
    const { caller, cookies } = await authorize(tools, request, rule, organizationIn(request, parts))
    if (cookies.length > 0) response.setHeader('Set-Cookie', cookies)
    const sound = read(request.url ?? '', parts)
    const address = tools.addressOf(request)
    // `authorize` has found who the rule of this route asks for, and `read` has checked each part against its schema.
    const call = { caller, request, response, requestId: requestIdOf(response), address, ...sound } as AdminCall<Name>
    const reply = await handle(call)
    if (reply === 'answered') return
    if (reply.cookies) response.setHeader('Set-Cookie', reply.cookies)
    sendJson(response, reply.status, reply.body, reply.headers)
  }
}

/** Which organization is asked about; streams say it in their address, since a page can't give them headers. */
function organizationIn({ headers }: IncomingMessage, { query }: Parts): string | null {
  const wanted: unknown = headers['agentview-organization'] ?? Reflect.get(query, 'organizationId')
  if (wanted === undefined) return null
  if (typeof wanted === 'string' && uuidOf('organization', wanted) !== null) return wanted
  throw new AgentViewError('invalid_request', 'AgentView-Organization must be the id of an organization.')
}
