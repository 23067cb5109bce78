import { randomBytes } from 'node:crypto'
import { idOf, newId } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { hashOf } from './apiKeys.ts'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { uuid } from './render.ts'

/** All tokens that came from one login, access tokens and refresh tokens. */
export interface FamilyToken {
  refreshToken: string
  familyId: string
}

/** The first refresh token of a new family; the database keeps its hash. */
export async function createRefreshToken(
  db: Database,
  organizationId: string,
  endUserId: string,
): Promise<FamilyToken> {
  const refreshToken = newToken()
  const familyId = newId('tokenFamily')
  await query(
    db,
    {
      name: 'create_refresh_token',
      text: `insert into refresh_tokens (hash, organization_id, end_user_id, family_id, expires_at)
             values ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))`,
    },
    [
      hashOf(refreshToken),
      uuid('organization', organizationId),
      uuid('endUser', endUserId),
      uuid('tokenFamily', familyId),
      tunables.refreshToken / 1_000,
    ],
  )
  return { refreshToken, familyId }
}

/**
 * Exchanges a refresh token for the next of its family, once. One that was used before is in two hands: its whole family
 * is revoked (RFC 9700, section 4.14). `refused` when it is unknown, expired, used or revoked; with the family that was
 * revoked by this very call.
 */
export async function rotateRefreshToken(
  db: Database,
  organizationId: string,
  token: string,
): Promise<({ outcome: 'rotated'; endUserId: string } & FamilyToken) | { outcome: 'refused'; revoked: string | null }> {
  const next = newToken()
  const row = await queryOne<{ end_user_id: string; family_id: string }>(
    db,
    {
      name: 'rotate_refresh_token',
      text: `with used as (
               update refresh_tokens set used_at = clock_timestamp()
               where hash = $1 and organization_id = $2 and used_at is null and expires_at > clock_timestamp()
                 -- any of the family: one that was being made while the family was revoked was not seen there
                 and not exists (select from refresh_tokens f where f.family_id = refresh_tokens.family_id and f.revoked_at is not null)
               returning organization_id, end_user_id, family_id
             ), next as (
               insert into refresh_tokens (hash, organization_id, end_user_id, family_id, expires_at)
               select $3, organization_id, end_user_id, family_id, clock_timestamp() + make_interval(secs => $4) from used
             )
             select end_user_id, family_id from used`,
    },
    [hashOf(token), uuid('organization', organizationId), hashOf(next), tunables.refreshToken / 1_000],
  )
  if (row) {
    const familyId = idOf('tokenFamily', row.family_id)
    return { outcome: 'rotated', endUserId: idOf('endUser', row.end_user_id), refreshToken: next, familyId }
  }
  const revoked = await queryOne<{ family_id: string }>(
    db,
    {
      name: 'revoke_refresh_family',
      text: `update refresh_tokens set revoked_at = clock_timestamp() where revoked_at is null and family_id = (
               select family_id from refresh_tokens where hash = $1 and organization_id = $2 and used_at is not null)
             returning family_id`,
    },
    [hashOf(token), uuid('organization', organizationId)],
  )
  return { outcome: 'refused', revoked: revoked && idOf('tokenFamily', revoked.family_id) }
}

/**
 * Removes tokens that ended so long ago that no access token which came with one can still count; at most so many, and
 * tells how many. A family that was revoked stays revoked: its rows, which say so, stay as long as any other of the family.
 */
export async function forgetRefreshTokens(db: Database): Promise<number> {
  const rows = await query(
    db,
    {
      name: 'forget_refresh_tokens',
      text: `delete from refresh_tokens where hash = any (array(
               select t.hash from refresh_tokens t
               where t.expires_at < (select clock_timestamp()) - make_interval(secs => $1)
                 and (t.revoked_at is null or (
                   select bool_and(f.expires_at < clock_timestamp() - make_interval(secs => $1))
                   from refresh_tokens f where f.family_id = t.family_id))
               order by t.expires_at limit $2)) returning 1`,
    },
    [tunables.endUserToken / 1_000, tunables.forgetTokens.batch],
  )
  return rows.length
}

function newToken(): string {
  return `av_rt_${randomBytes(32).toString('base64url')}`
}
