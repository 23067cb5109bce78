import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId, uuidOf } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { createApiKey, findApiKey, hashOf } from '../apiKeys.ts'
import { areEndUsers, createAnonymousEndUser, findEndUser } from '../endUsers.ts'
import { readLostPrincipals } from '../principals.ts'
import { createRefreshToken, forgetRefreshTokens, rotateRefreshToken } from '../refreshTokens.ts'
import { type TestEngine, startTestEngine } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

/** Null when it was refused. */
async function rotate(token: string, organizationId = engine.organizationId) {
  const rotated = await rotateRefreshToken(engine.db, organizationId, token)
  return rotated.outcome === 'rotated' ? rotated : null
}

async function visitor() {
  const endUser = await createAnonymousEndUser(engine.db, engine.organizationId, { a: 1 })
  const { refreshToken, familyId } = await createRefreshToken(engine.db, engine.organizationId, endUser.id)
  return { endUserId: endUser.id, token: refreshToken, familyId }
}

describe('a refresh token', () => {
  test('is exchanged for the next, again and again', async () => {
    const { endUserId, token, familyId } = await visitor()
    const second = await rotate(token)
    expect(second).toMatchObject({ endUserId, familyId, refreshToken: expect.stringMatching(/^av_rt_[\w-]{43}$/) })
    const third = await rotate(second!.refreshToken)
    expect(third).toMatchObject({ endUserId })
    expect(new Set([token, second!.refreshToken, third!.refreshToken]).size).toBe(3)
  })

  test('that is used twice revokes its whole family, and no other', async () => {
    const { endUserId, token } = await visitor()
    const { refreshToken: sameUser } = await createRefreshToken(engine.db, engine.organizationId, endUserId)
    const stranger = await visitor()
    const second = (await rotate(token))!
    expect(await rotate(token)).toBeNull()
    expect(await rotate(second.refreshToken)).toBeNull()
    expect(await rotate(sameUser)).not.toBeNull()
    expect(await rotate(stranger.token)).not.toBeNull()
  })

  test('that is used twice tells once which family it has revoked, of which no token counts any more', async () => {
    const { endUserId, token, familyId } = await visitor()
    const asked = { organizationId: engine.organizationId, endUserId, familyId }
    await rotate(token)
    expect(await areEndUsers(engine.db, [asked])).toEqual([true])
    const again = () => rotateRefreshToken(engine.db, engine.organizationId, token)
    expect([await again(), await again()]).toEqual([
      { outcome: 'refused', revoked: familyId },
      { outcome: 'refused', revoked: null },
    ])
    const { familyId: _family, ...byAnother } = asked
    expect(await areEndUsers(engine.db, [asked, byAnother])).toEqual([false, true])
    expect(await readLostPrincipals(engine.db, [familyId, endUserId])).toEqual([
      { subject: familyId, reason: 'revoked' },
    ])
  })

  test('used ten times at once is exchanged at most once, and its family is revoked', async () => {
    const { token } = await visitor()
    const results = await Promise.all(Array.from({ length: 10 }, () => rotate(token)))
    const next = results.filter((result) => result !== null)
    expect(next).toHaveLength(1)
    expect(await rotate(next[0]!.refreshToken)).toBeNull()
  })

  test('of a family that is revoked while its next is being made does not survive', async () => {
    const { token } = await visitor()
    const second = (await rotate(token))!.refreshToken
    // The thief's exchange of the second is under way when the first is used again.
    const thief = await engine.db.connect()
    await thief.query('begin')
    await thief.query('update refresh_tokens set used_at = clock_timestamp() where hash = $1', [hashOf(second)])
    await thief.query(
      `insert into refresh_tokens (hash, organization_id, end_user_id, family_id, expires_at)
       select $2, organization_id, end_user_id, family_id, expires_at from refresh_tokens where hash = $1`,
      [hashOf(second), hashOf('third')],
    )
    const reuse = rotate(token)
    await engine.untilSomebodyWaits()
    await thief.query('commit')
    thief.release()
    expect(await reuse).toBeNull()
    expect(await rotate('third')).toBeNull()
  })

  test.each([
    ['unknown', async () => 'av_rt_unknown'],
    ['empty', async () => ''],
    [
      'expired',
      async () => {
        const { token } = await visitor()
        await engine.rows(
          `update refresh_tokens set expires_at = clock_timestamp() - interval '1 s' where hash = $1`,
          hashOf(token),
        )
        return token
      },
    ],
  ])('that is %s is refused', async (_what, tokenOf) => {
    expect(await rotate(await tokenOf())).toBeNull()
  })

  test('of another organization is refused, and nothing of its family is revoked', async () => {
    const { token } = await visitor()
    expect(await rotate(token, newId('organization'))).toBeNull()
    const second = (await rotate(token))!
    expect(await rotate(token, newId('organization'))).toBeNull()
    expect(await rotate(second.refreshToken)).not.toBeNull()
  })

  test('is not kept in clear', async () => {
    const { token } = await visitor()
    const rows = await engine.rows('select t::text as row from refresh_tokens t')
    expect(JSON.stringify(rows)).not.toContain(token)
  })
})

describe('refresh tokens that have ended are removed', () => {
  /** As if so much time had passed since a token was made. */
  const age = (token: string, by: string) =>
    engine.rows('update refresh_tokens set expires_at = expires_at - $2::interval where hash = $1', hashOf(token), by)
  const kept = async (familyId: string) =>
    (await engine.rows('select from refresh_tokens where family_id = $1', uuidOf('tokenFamily', familyId))).length

  test('once no access token of theirs counts any more', async () => {
    const { token, familyId, endUserId } = await visitor()
    const other = await visitor()
    await age(token, '30 days 59 minutes')
    await age(other.token, '30 days 61 minutes')
    expect(await forgetRefreshTokens(engine.db)).toBe(1)
    expect([await kept(familyId), await kept(other.familyId)]).toEqual([1, 0])
    const asked = { organizationId: engine.organizationId, endUserId, familyId }
    expect(await areEndUsers(engine.db, [asked])).toEqual([true])
  })

  test('also those of a family that goes on', async () => {
    const { token, familyId } = await visitor()
    const second = (await rotate(token))!.refreshToken
    await age(token, '31 days')
    expect(await forgetRefreshTokens(engine.db)).toBe(1)
    expect(await kept(familyId)).toBe(1)
    expect(await rotate(second)).toMatchObject({ familyId })
  })

  test('but a family stays revoked while it has a token, also one that was made in the same moment', async () => {
    const { token, familyId } = await visitor()
    const second = (await rotate(token))!.refreshToken
    await rotate(token)
    await engine.rows(
      `insert into refresh_tokens (hash, organization_id, end_user_id, family_id, expires_at)
       select $2, organization_id, end_user_id, family_id, expires_at from refresh_tokens where hash = $1`,
      hashOf(second),
      hashOf('in the same moment'),
    )
    await age(token, '31 days')
    await age(second, '31 days')
    expect(await forgetRefreshTokens(engine.db)).toBe(0)
    expect(await rotate('in the same moment')).toBeNull()
    await age('in the same moment', '31 days')
    expect(await forgetRefreshTokens(engine.db)).toBe(3)
    expect(await kept(familyId)).toBe(0)
  })

  test('so many at a time', async () => {
    const { token, familyId } = await visitor()
    const { batch } = tunables.forgetTokens
    await engine.rows(
      `insert into refresh_tokens (hash, organization_id, end_user_id, family_id, expires_at)
       select sha256(n::text::bytea), organization_id, end_user_id, family_id, now() - interval '1 year'
       from refresh_tokens, generate_series(1, $2::int) n where hash = $1`,
      hashOf(token),
      batch + 10,
    )
    expect(await forgetRefreshTokens(engine.db)).toBe(batch)
    expect(await forgetRefreshTokens(engine.db)).toBe(10)
    expect(await kept(familyId)).toBe(1)
  })
})

describe('an API key', () => {
  test('is found as long as it is not revoked, by itself only', async () => {
    const key = await createApiKey(engine.db, engine.organizationId, 'secret', 'server')
    const widget = await createApiKey(engine.db, engine.organizationId, 'publishable', 'widget')
    expect(key).toMatch(/^av_sk_[\w-]{43}$/)
    expect(await findApiKey(engine.db, key)).toMatchObject({ organizationId: engine.organizationId, kind: 'secret' })
    expect(await findApiKey(engine.db, widget)).toMatchObject({ kind: 'publishable' })
    expect(await findApiKey(engine.db, `${key}x`)).toBeNull()
    await engine.rows('update api_keys set revoked_at = clock_timestamp() where hash = $1', hashOf(key))
    expect(await findApiKey(engine.db, key)).toBeNull()
  })
})

test('an end user is found by his organization only, and not when revoked', async () => {
  const endUser = await createAnonymousEndUser(engine.db, engine.organizationId, { a: 1 })
  expect(endUser).toMatchObject({ anonymous: true, metadata: { a: 1 }, space: 'production' })
  expect(await findEndUser(engine.db, engine.organizationId, endUser.id)).toEqual(endUser)
  expect(await findEndUser(engine.db, newId('organization'), endUser.id)).toBeNull()
  const { organizationId } = engine
  const asked = { organizationId, endUserId: endUser.id }
  const strangers = [
    { ...asked, organizationId: newId('organization') },
    { ...asked, endUserId: newId('endUser') },
  ]
  expect(await areEndUsers(engine.db, [asked, ...strangers, asked])).toEqual([true, false, false, true])
  await engine.rows('update end_users set revoked_at = clock_timestamp() where metadata = $1', { a: 1 })
  expect(await findEndUser(engine.db, engine.organizationId, endUser.id)).toBeNull()
  expect(await areEndUsers(engine.db, [asked])).toEqual([false])
})
