import type { EndUser } from '@shared/domain/objects'
import type { JsonObject } from '@shared/domain/json'
import { createAnonymousEndUser, findEndUser } from '@shared/store/endUsers'
import type { Database } from '@shared/store/pool'
import { createRefreshToken, rotateRefreshToken } from '@shared/store/refreshTokens'
import { type EndUserTokens, unauthorized } from './endUserTokens.ts'

export interface TokenGrant {
  token: string
  expiresAt: string
  refreshToken: string
  endUser: EndUser
}

/** Somebody new, with a token and a refresh token that brings him back. */
export async function grantAnonymous(
  db: Database,
  tokens: EndUserTokens,
  organizationId: string,
  metadata: JsonObject,
): Promise<TokenGrant> {
  const endUser = await createAnonymousEndUser(db, organizationId, metadata)
  const refreshToken = await createRefreshToken(db, organizationId, endUser.id)
  return grant(tokens, organizationId, endUser, refreshToken)
}

/** The next pair of a family. A refresh token that was used before revokes all of it: 401. */
export async function grantRefreshed(
  db: Database,
  tokens: EndUserTokens,
  organizationId: string,
  refreshToken: string,
): Promise<TokenGrant> {
  const rotated = await rotateRefreshToken(db, organizationId, refreshToken)
  const endUser = rotated && (await findEndUser(db, organizationId, rotated.endUserId))
  if (!endUser) throw unauthorized()
  return grant(tokens, organizationId, endUser, rotated.refreshToken)
}

async function grant(
  tokens: EndUserTokens,
  organizationId: string,
  endUser: EndUser,
  refreshToken: string,
): Promise<TokenGrant> {
  const { token, expiresAt } = await tokens.issue(organizationId, endUser.id)
  return { token, expiresAt: expiresAt.toISOString(), refreshToken, endUser }
}
