import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { type JWK, SignJWT, exportJWK, generateKeyPair } from 'jose'
import { customerTokens } from '../customerTokens.ts'

const NOW = Date.UTC(2030, 0, 1)
const AUTH = { issuer: 'https://shop.example', audience: 'agentview', jwksUrl: 'https://shop.example/jwks' }

beforeEach(() => {
  jest.useFakeTimers({
    now: NOW,
    doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout', 'clearTimeout'],
  })
})

afterEach(() => {
  jest.useRealTimers()
})

const pass = (ms: number) => jest.setSystemTime(Date.now() + ms)

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const claims = { iss: AUTH.issuer, aud: AUTH.audience, sub: 'customer-1', exp: NOW / 1_000 + 3_600 }
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }, token }
}

/** A URL with these keys, which counts how often it is asked. */
function keySet(...keys: JWK[]) {
  const set = { keys, asked: 0 }
  const tokens = customerTokens('a secret of this installation', () => {
    set.asked++
    return Promise.resolve(Response.json({ keys: set.keys }))
  })
  return { set, verify: (token: string) => tokens.verify(AUTH, token) }
}

test('a new key counts by the first token that names it; one that was taken away ends with what is kept', async () => {
  const [old, next] = [await newKey('old'), await newKey('next')]
  const { set, verify } = keySet(old.jwk)
  await verify(old.token)
  set.keys = [next.jwk]
  pass(tunables.jwks.cooldown + 1)
  await verify(old.token)
  expect(set.asked).toBe(1)
  expect(await verify(next.token)).toMatchObject({ externalId: 'customer-1' })
  expect(set.asked).toBe(2)
  await expect(verify(old.token)).rejects.toMatchObject({ code: 'unauthorized' })
})

test('keys are fetched anew once they were kept for long enough', async () => {
  const only = await newKey('only')
  const { set, verify } = keySet(only.jwk)
  await verify(only.token)
  pass(tunables.jwks.kept - 1)
  await verify(only.token)
  expect(set.asked).toBe(1)
  pass(2)
  await verify(only.token)
  expect(set.asked).toBe(2)
})

test('tokens with unknown keys make the URL be asked once in a cooldown, however many there are', async () => {
  const known = await newKey('known')
  const { set, verify } = keySet(known.jwk)
  await verify(known.token)
  const strangers = await Promise.all(Array.from({ length: 20 }, (_, no) => newKey(`stranger ${no}`)))
  for (const asked of [1, 2]) {
    const refusals = await Promise.allSettled(strangers.map(({ token }) => verify(token)))
    expect(refusals.map((refusal) => refusal.status === 'rejected' && refusal.reason.code)).toEqual(
      strangers.map(() => 'unauthorized'),
    )
    for (const { token } of strangers) await expect(verify(token)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(set.asked).toBe(asked)
    pass(tunables.jwks.cooldown + 1)
  }
  await verify(known.token)
})

test('many tokens at once fetch the keys once', async () => {
  const only = await newKey('only')
  const { set, verify } = keySet(only.jwk)
  await Promise.all(Array.from({ length: 20 }, () => verify(only.token)))
  expect(set.asked).toBe(1)
})
