import { notFound } from '@shared/domain/errors'
import type { EndUser } from '@shared/domain/objects'
import type { JsonObject } from '@shared/domain/json'
import { createAnonymousEndUser, findEndUser } from '@shared/store/endUsers'
import { type FamilyToken, createRefreshToken, rotateRefreshToken } from '@shared/store/refreshTokens'
import { type EndUserTokens, unauthorized } from './endUserTokens.ts'
import type { IntakeTools } from './intakeTools.ts'
import { sayCuts } from './sayAccepted.ts'

export interface TokenGrant {
  token: string
  expiresAt: string
  refreshToken: string
  endUser: EndUser
}

export type GrantTools = Pick<IntakeTools, 'db' | 'broker' | 'log'> & { tokens: EndUserTokens }

/** Somebody new, with a token and a refresh token that brings him back. */
export async function grantAnonymous(
  tools: GrantTools,
  organizationId: string,
  metadata: JsonObject,
): Promise<TokenGrant> {
  const endUser = await createAnonymousEndUser(tools.db, organizationId, metadata)
  return grant(tools, organizationId, endUser, await createRefreshToken(tools.db, organizationId, endUser.id))
}

/** A pair of a new family for somebody whom the customer's server has made known. */
export async function grantKnown(tools: GrantTools, organizationId: string, endUserId: string): Promise<TokenGrant> {
  const endUser = await findEndUser(tools.db, organizationId, endUserId)
  if (!endUser) throw notFound('end user')
  return grant(tools, organizationId, endUser, await createRefreshToken(tools.db, organizationId, endUser.id))
}

/**
 * The next pair of a family. A refresh token that was used before revokes all of it: 401, and whoever reads by a token of
 * the family is cut.
 */
export async function grantRefreshed(
  tools: GrantTools,
  organizationId: string,
  refreshToken: string,
): Promise<TokenGrant> {
  const { db } = tools
  const rotated = await rotateRefreshToken(db, organizationId, refreshToken)
  if (rotated.outcome === 'refused') {
    if (rotated.revoked !== null) sayCuts(tools, [{ subject: rotated.revoked, reason: 'revoked' }])
    throw unauthorized()
  }
  const endUser = await findEndUser(db, organizationId, rotated.endUserId)
  if (!endUser) throw unauthorized()
  return grant(tools, organizationId, endUser, rotated)
}

async function grant(
  { tokens }: GrantTools,
  organizationId: string,
  endUser: EndUser,
  { refreshToken, familyId }: FamilyToken,
): Promise<TokenGrant> {
  const { token, expiresAt } = await tokens.issue(organizationId, endUser.id, familyId)
  return { token, expiresAt: expiresAt.toISOString(), refreshToken, endUser }
}
