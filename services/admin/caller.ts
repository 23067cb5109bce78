import type { IncomingMessage } from 'node:http'
import type { Rule } from '@shared/contracts/adminAccess'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { type Role, isAtLeast } from '@shared/domain/roles'
import type { Auditor } from '@shared/store/admin/audit'
import { type Membership, listMemberships } from '@shared/store/admin/members'
import type { AdminTools } from './adminTools.ts'
import type { Person } from './login/createLogin.ts'

/** Who asks the Admin API: somebody who is logged in, and what he is in the organization that he asks about. */
export interface PersonCaller extends Person {
  memberships: readonly Membership[]
  /** Null: a member of none. */
  member: Membership | null
}

/** A member of the organization. */
export interface MemberCaller extends PersonCaller {
  organizationId: string
  memberId: string
  role: Role
}

/** Who may come with a rule. */
export type CallerOf<R extends Rule> = R extends 'anyone' ? null : R extends 'person' ? PersonCaller : MemberCaller

/**
 *   no API credential ─▶ a page of ours ─▶ logged in ─▶ no forged request ─▶ a member ─▶ of the role
 * Throws what refuses him. `cookies`: what the answer has to set.
 */
export async function authorize(
  tools: AdminTools,
  request: IncomingMessage,
  rule: Rule,
  wanted: string | null,
): Promise<{ caller: PersonCaller | MemberCaller | null; cookies: string[] }> {
  await refuseCredentials(tools, request)
  refuseForeignPage(tools, request)
  if (rule === 'anyone') return { caller: null, cookies: [] }
  const login = await tools.login.whoIs(request.headers)
  if (!login) throw new AgentViewError('unauthorized', 'Log in first: this login has ended, or there was none.')
  const { person, cookies } = login
  if (request.method !== 'GET' && !tools.csrf.isOf(person.loginId, request.headers['agentview-csrf'])) {
    throw new AgentViewError('csrf_refused', 'The header AgentView-CSRF must be the csrfToken of GET /admin/v1/me.')
  }
  const memberships = await listMemberships(tools.db, person.user.id)
  const member = wanted === null ? (memberships[0] ?? null) : memberships.find((one) => one.organization.id === wanted)
  if (member === undefined) throw notFound('organization')
  const caller: PersonCaller = { ...person, memberships, member }
  if (rule === 'person') return { caller, cookies }
  if (!member || !isAtLeast(member.role, rule)) {
    throw new AgentViewError('forbidden', `Your role does not allow this: at least ${rule} is needed.`)
  }
  const { memberId, role, organization } = member
  return { caller: { ...caller, organizationId: organization.id, memberId, role } satisfies MemberCaller, cookies }
}

/** Keys and tokens are for the Client API, whoever's they are. */
async function refuseCredentials({ authenticator }: AdminTools, { headers }: IncomingMessage): Promise<void> {
  if (headers.authorization === undefined) return
  await authenticator.authenticate(/^Bearer ([\x21-\x7e]{1,8192})$/i.exec(headers.authorization)?.[1] ?? null)
  throw new AgentViewError('forbidden', 'The Admin API takes no API keys and tokens: log in with e-mail and password.')
}

/** A cookie is sent whichever page asks. Browsers say which it is with everything that could change something. */
function refuseForeignPage({ publicUrl }: AdminTools, { headers }: IncomingMessage): void {
  const { origin, host } = headers
  if (origin === undefined) return
  if (origin === new URL(publicUrl).origin || origin === `http://${host}` || origin === `https://${host}`) return
  throw new AgentViewError(
    'origin_not_allowed',
    `Pages of ${origin.slice(0, 200)} may not call the Admin API: only those of AgentView itself (AGENTVIEW_URL).`,
  )
}

/** Who changes something, for the audit log. */
export function auditorOf(
  caller: MemberCaller,
  { requestId, address }: { requestId: string; address: string },
): Auditor {
  return { organizationId: caller.organizationId, memberId: caller.memberId, requestId, address }
}

/** By whose right a long answer is read: it is cut when the login ends or the member is removed. */
export function rightOf(caller: MemberCaller): { until: Date; principals: readonly string[] } {
  return { until: caller.loginEnds, principals: [caller.memberId, caller.loginId] }
}
