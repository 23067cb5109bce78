import type { IncomingHttpHeaders } from 'node:http'
import type { Me } from '@shared/contracts/adminObjects'
import { AgentViewError } from '@shared/domain/errors'
import { sayCuts } from '@shared/intake/sayAccepted'
import { type Auditor, audited, writeAudit } from '@shared/store/admin/audit'
import { type Membership, listMemberships, removeMember } from '@shared/store/admin/members'
import { findUserByEmail, renameUser, setPassword } from '@shared/store/admin/users'
import { inTransaction } from '@shared/store/query'
import type { AdminTools } from '../adminTools.ts'
import { type PersonCaller, auditorOf } from '../caller.ts'
import type { Person } from '../login/createLogin.ts'
import { hashPassword, isPassword } from '../login/passwords.ts'
import type { AdminHandlers } from '../serveAdmin.ts'
import { memberOf } from './members.ts'

type Names = 'login' | 'logout' | 'readMe' | 'changeMe' | 'changePassword' | 'leaveOrganization'

interface Origin {
  requestId: string
  address: string
}

export function loginRoutes(tools: AdminTools): AdminHandlers<Names> {
  const { db, login, csrf } = tools
  const me = (caller: PersonCaller): Me => meOf(caller, caller.memberships, caller.member, csrf.of(caller.loginId))

  return {
    async login({ body, request, requestId, address }) {
      const { cookies, body: answer } = await logIn(tools, body, request.headers, { requestId, address })
      return { status: 200, body: answer, cookies }
    },

    async logout({ caller, request, requestId, address }) {
      const cookies = await login.signOut(request.headers)
      sayCuts(tools, [{ subject: caller.loginId, reason: 'revoked' }])
      await noteEverywhere(tools, caller.member ? [caller.member] : [], 'logout', { requestId, address })
      return { status: 204, body: null, cookies }
    },

    async readMe({ caller }) {
      return { status: 200, body: me(caller) }
    },

    async changeMe({ caller, body, requestId, address }) {
      const { user } = caller
      await inTransaction(db, 'begin', async (client) => {
        await renameUser(client, user.id, body.name)
        for (const by of auditorsOf(caller.memberships, { requestId, address }))
          await writeAudit(client, by, {
            action: 'user.rename',
            target: user.id,
            details: { from: user.name, to: body.name },
          })
      })
      return { status: 200, body: me({ ...caller, user: { ...user, name: body.name } }) }
    },

    async changePassword({ caller, body, requestId, address }) {
      const { user, loginId } = caller
      await takeTry(tools, address, user.email)
      const known = await findUserByEmail(db, user.email)
      if (!(await isPassword(body.password, known?.passwordHash ?? null))) {
        throw new AgentViewError('invalid_login', 'The present password is not right.')
      }
      await tools.limiter.forgive(user.email)
      const passwordHash = await hashPassword(body.newPassword)
      const ended = await inTransaction(db, 'begin', async (client) => {
        for (const by of auditorsOf(caller.memberships, { requestId, address }))
          await writeAudit(client, by, { action: 'user.changePassword', target: user.id })
        return setPassword(client, user.id, passwordHash, loginId)
      })
      sayCuts(
        tools,
        ended.map((subject) => ({ subject, reason: 'revoked' })),
      )
      return { status: 204, body: null }
    },

    async leaveOrganization({ caller, requestId, address }) {
      const { organizationId, memberId } = caller
      memberOf(
        await audited(db, auditorOf(caller, { requestId, address }), (client) =>
          removeMember(client, organizationId, caller, memberId),
        ),
      )
      sayCuts(tools, [{ subject: memberId, reason: 'revoked' }])
      return { status: 204, body: null }
    },
  }
}

/** Logs somebody in; whatever is wrong, address or password, is answered alike and after the same time. */
export async function logIn(
  tools: AdminTools,
  { email, password }: { email: string; password: string },
  headers: IncomingHttpHeaders,
  origin: Origin,
): Promise<{ body: Me; cookies: string[] }> {
  await takeTry(tools, origin.address, email)
  const signedIn = await tools.login.signIn(email, password, headers)
  if (!signedIn) throw wrongPair()
  await tools.limiter.forgive(email)
  const known = await tools.login.whoIs({ cookie: signedIn.cookies.map((cookie) => cookie.split(';')[0]).join('; ') })
  if (!known) throw wrongPair()
  const { person } = known
  const memberships = await listMemberships(tools.db, person.user.id)
  await noteEverywhere(tools, memberships, 'login', origin)
  const body = meOf(person, memberships, memberships[0] ?? null, tools.csrf.of(person.loginId))
  return { body, cookies: signedIn.cookies }
}

export function wrongPair(): AgentViewError {
  return new AgentViewError('invalid_login', 'E-mail or password is not right.')
}

/** Refuses who tries too often. */
export async function takeTry({ limiter }: AdminTools, address: string, email: string): Promise<void> {
  const refused = await limiter.take(address, email)
  if (!refused) return
  const seconds = Math.ceil(refused.retryAfterMs / 1_000)
  throw new AgentViewError('rate_limited', `Too many tries to log in: try again in ${seconds} s.`, {
    extra: { retryAfter: seconds },
  })
}

function meOf(
  { user }: Pick<Person, 'user'>,
  memberships: readonly Membership[],
  member: Membership | null,
  csrfToken: string,
): Me {
  return {
    user: { id: user.id, name: user.name, email: user.email },
    member: member && { id: member.memberId, role: member.role },
    organization: member && member.organization,
    organizations: memberships.map(({ organization, role }) => ({ ...organization, role })),
    csrfToken,
  }
}

/** What a person does for himself is told in each of his organizations. */
function auditorsOf(memberships: readonly Membership[], origin: Origin): Auditor[] {
  return memberships.map(({ organization, memberId }) => ({ organizationId: organization.id, memberId, ...origin }))
}

async function noteEverywhere(
  { db }: AdminTools,
  memberships: readonly Membership[],
  action: 'login' | 'logout',
  origin: Origin,
): Promise<void> {
  for (const by of auditorsOf(memberships, origin)) await writeAudit(db, by, { action, target: by.memberId! })
}
