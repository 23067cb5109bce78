import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { newId } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { forgeToken, signingKey } from '../../../test/server/forgeToken.ts'
import { expiryOf, principalOf, scopeOf } from '../caller.ts'
import { endUserTokens } from '../endUserTokens.ts'

const SECRET = 'a secret of thirty-two letters or so'
const tokens = endUserTokens(SECRET)
const person = { id: newId('endUser'), organizationId: newId('organization') }
const refusal = (token: string) => expect(tokens.verify(token)).rejects

describe('a token of an end user', () => {
  test('says of whom it is and until when, and holds nothing else', async () => {
    const before = Date.now()
    const { token, expiresAt } = await tokens.issue(person.organizationId, person.id)
    const { id: endUserId, organizationId } = person
    expect(await tokens.verify(token)).toEqual({ endUserId, organizationId, expiresAt })
    expect(expiresAt.getTime()).toBeGreaterThanOrEqual(before + tunables.endUserToken - 1_000)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' })
    expect(Object.keys(decodeJwt(token)).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'org', 'sub'])
  })

  test('is that of the installation whose secret signed it', async () => {
    const { token } = await endUserTokens('another secret of an installation').issue(person.organizationId, person.id)
    await refusal(token).toMatchObject({ code: 'unauthorized' })
    expect(await tokens.verify(await forgeToken(SECRET, person))).toMatchObject({ endUserId: person.id })
  })

  test('that is over is told apart from one that is wrong', async () => {
    await refusal(await forgeToken(SECRET, person, { expiresIn: -1 })).toMatchObject({ code: 'token_expired' })
    const both = await forgeToken(SECRET, person, { expiresIn: -1, key: new Uint8Array(32) })
    await refusal(both).toMatchObject({ code: 'unauthorized' })
  })

  test.each([
    ['another algorithm', { header: { alg: 'HS512' }, key: new Uint8Array(64) }],
    ['another issuer', { iss: 'somebody' }],
    ['another audience', { aud: 'agentview-admin' }],
    ['a subject that is no end user', { sub: newId('session') }],
    ['an organization that is none', { org: 'org_1' }],
  ])('with %s is refused', async (_what, forgery) => {
    await refusal(await forgeToken(SECRET, person, forgery)).toMatchObject({ code: 'unauthorized' })
  })

  test('that somebody has changed in any place is refused', async () => {
    const { token } = await tokens.issue(person.organizationId, person.id)
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A'
      await refusal(token.slice(0, at) + other + token.slice(at + 1)).toMatchObject({ code: 'unauthorized' })
    }
    for (const longer of [`${token}=`, `${token}.`, `${token} `]) {
      await refusal(longer).toMatchObject({ code: 'unauthorized' })
    }
  })

  test('that demands what nobody knows is refused', async () => {
    const body = (await tokens.issue(person.organizationId, person.id)).token.split('.')[1]!
    const signed = (header: object) => {
      const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}`
      return `${text}.${createHmac('sha256', signingKey(SECRET)).update(text).digest('base64url')}`
    }
    expect(await tokens.verify(signed({ alg: 'HS256' }))).toMatchObject({ endUserId: person.id })
    await refusal(signed({ alg: 'HS256', crit: ['b64'], b64: false })).toMatchObject({ code: 'unauthorized' })
  })

  test('without a signature is refused, whatever it calls its algorithm', async () => {
    const [, body] = (await tokens.issue(person.organizationId, person.id)).token.split('.')
    for (const alg of ['none', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'JWT' })).toString('base64url')
      await refusal(`${header}.${body}.`).toMatchObject({ code: 'unauthorized' })
    }
  })

  test.each(['', 'x', 'a.b.c', '..', `${'x'.repeat(9_000)}`])('"%s" is refused', async (token) => {
    await refusal(token).toMatchObject({ code: 'unauthorized', status: 401 })
  })
})

test('what a caller may see is his organization’s, and an end user sees only what is his own', () => {
  const key = { kind: 'secret', organizationId: 'org_1', keyId: 'key_1' } as const
  const endUser = { kind: 'endUser', organizationId: 'org_1', endUserId: 'eu_1', expiresAt: new Date(5) } as const
  expect(scopeOf(key)).toEqual({ organizationId: 'org_1', endUserId: null })
  expect(scopeOf(endUser)).toEqual({ organizationId: 'org_1', endUserId: 'eu_1' })
  expect([principalOf(key), principalOf(endUser)]).toEqual(['key_1', 'eu_1'])
  expect([expiryOf(key), expiryOf(endUser)]).toEqual([null, new Date(5)])
})
