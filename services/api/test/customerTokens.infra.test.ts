import { createHmac, randomBytes } from 'node:crypto'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { idOf, uuidOf } from '@shared/domain/ids'
import { setCustomerAuth } from '@shared/store/organizations'
import { sealAuth } from '@shared/store/sealedDefinitions'
import { type JWK, SignJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose'
import type { ApiClient } from '../../../test/server/apiClient.ts'
import { connectSocket } from '../../../test/server/connectSocket.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Tenant } from '../../../test/server/tenant.ts'

const SECRET = 'the secret that shop.example and AgentView share'
const ISSUER = 'https://shop.example'
const AUDIENCE = 'agentview'

let server: TestServer
let jwks: { server: Server; url: string; keys: JWK[]; asked: number; status: number }

beforeAll(async () => {
  server = await startTestServer()
  const keys = createServer((_request, response) => {
    jwks.asked++
    response.writeHead(jwks.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: jwks.keys }))
  })
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve))
  const { port } = keys.address() as AddressInfo
  jwks = { server: keys, url: `http://127.0.0.1:${port}/`, keys: [], asked: 0, status: 200 }
})

afterAll(async () => {
  jwks?.server.close()
  await server?.close()
})

beforeEach(() => authBy({ secret: SECRET }))

let tenant: Tenant
let key = ''

/** Settings are remembered for a while, so each test has an organization of its own. */
async function authBy(auth: { secret?: string; jwksUrl?: string } | null): Promise<void> {
  tenant = await server.newTenant()
  key = tenant.publishableKey
  const settings = auth && sealAuth(server.secret, { issuer: ISSUER, audience: AUDIENCE, ...auth })
  await setCustomerAuth(server.db, tenant.organizationId, settings)
}

const utf8 = (text: string) => new TextEncoder().encode(text)

function claims(more: object = {}): SignJWT {
  const now = Math.floor(Date.now() / 1_000)
  return new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'customer-1', exp: now + 600, ...more })
}

const signed = (more: object = {}, secret = SECRET) =>
  claims(more).setProtectedHeader({ alg: 'HS256' }).sign(utf8(secret))

const client = (token: string, publishableKey = key): ApiClient =>
  server.client(token, { 'agentview-key': publishableKey })

async function refused(token: string, code = 'unauthorized', publishableKey = key): Promise<void> {
  const asking = client(token, publishableKey)
  await expectRefused(server, 401, code, () => asking.get('/v1/sessions'))
  await expectRefused(server, 401, code, () => asking.post('/v1/messages', { agent: 'echo', input: 'x' }))
}

const peopleNamed = async (externalId: string) =>
  (await server.db.query('select id from end_users where external_id = $1', [externalId])).rows.length

describe('a token of the customer’s own', () => {
  test('lets its user talk, as the end user whom its subject names, however many ask at once', async () => {
    // each with a token of its own: what is known by one token is shared by all who ask with it
    const tokens = await Promise.all(
      Array.from({ length: 8 }, (_, no) => signed({ sub: 'many at once', jti: `${no}` })),
    )
    const sessions = await Promise.all(tokens.map((token) => client(token).createSession({ agent: 'echo' })))
    expect(new Set(sessions.map(({ endUserId }) => endUserId)).size).toBe(1)
    expect(await peopleNamed('many at once')).toBe(1)
    const { run } = await client(tokens[0]!).ask(sessions[0]!.id, 'hello')
    expect(run.status).toBe('completed')
  })

  test('is the same person whom the customer’s server has made known, and sees nobody else’s', async () => {
    const { body } = await tenant.client.post<{ id: string }>('/v1/end-users', { externalId: 'known' })
    const mine = await client(await signed({ sub: 'known' })).createSession({ agent: 'echo' })
    expect(mine.endUserId).toBe(body.id)
    const other = client(await signed({ sub: 'somebody else' }))
    expect((await other.get<{ data: unknown[] }>('/v1/sessions')).body.data).toEqual([])
    await expectRefused(server, 404, 'not_found', () => other.get(`/v1/sessions/${mine.id}`))
  })

  test('is somebody new once its person was erased, who sees nothing of the one before', async () => {
    const asking = client(await signed({ sub: 'gone' }))
    const { id, endUserId } = await asking.createSession({ agent: 'echo' })
    await tenant.client.request('DELETE', `/v1/end-users/${endUserId}`)
    const again = await asking.createSession({ agent: 'echo' })
    expect(again.endUserId).not.toBe(endUserId)
    await expectRefused(server, 404, 'not_found', () => asking.get(`/v1/sessions/${id}`))
  })

  test.each<[string, object]>([
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for another audience', { aud: 'somebody else' }],
    ['without a subject', { sub: undefined }],
    ['with an empty subject', { sub: '' }],
    ['with a subject that no text column takes', { sub: 'a\u0000b' }],
    ['with a subject that is too long', { sub: 'x'.repeat(256) }],
    ['that never ends', { exp: undefined }],
    ['that does not count yet', { nbf: Math.floor(Date.now() / 1_000) + 600 }],
  ])('%s is refused', async (_what, more) => {
    await refused(await signed(more))
  })

  test('that has expired is refused as such', async () => {
    await refused(await signed({ exp: Math.floor(Date.now() / 1_000) - 60 }), 'token_expired')
  })

  test('signed with another secret, by another algorithm or not at all is refused', async () => {
    await refused(await signed({}, randomBytes(32).toString('hex')))
    const { privateKey } = await generateKeyPair('RS256')
    await refused(await claims().setProtectedHeader({ alg: 'RS256' }).sign(privateKey))
    const [, body] = (await signed()).split('.')
    for (const alg of ['none', 'None']) {
      await refused(`${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.${body}.`)
    }
  })

  test('without the key, with a key of another organization, a secret key or none that is known is refused', async () => {
    const token = await signed()
    await expectRefused(server, 401, 'unauthorized', () => server.client(token).get('/v1/sessions'))
    for (const other of [server.other.publishableKey, tenant.secretKey, 'av_pk_unknown', 'x']) {
      await refused(token, 'unauthorized', other)
    }
  })

  test('counts for nobody while the organization has not said how to verify it', async () => {
    await authBy(null)
    await refused(await signed())
  })

  test('opens a socket and a stream, which end with it', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 3
    const [lasting, brief] = [await signed({ sub: 'brief' }), await signed({ sub: 'brief', exp })]
    const { id } = await client(lasting).createSession({ agent: 'echo' })
    const socket = await connectSocket(server.url, { token: brief, key })
    const stream = await client(brief).stream('GET', `/v1/sessions/${id}/events`)
    await stream.ended
    expect(stream.cut).toMatchObject({ reason: 'token_expired' })
    expect(await socket.disconnected).toBe('io server disconnect')
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000)
  })

  test('renews a socket of the same person, and of nobody else', async () => {
    const token = await signed({ sub: 'on a socket' })
    const { id } = await client(token).createSession({ agent: 'echo' })
    const socket = await connectSocket(server.url, { token, key })
    expect(await socket.ask('subscribe', { sessionId: id, after: 0 })).toMatchObject({ ok: true })
    expect(await socket.ask('auth', { token: await signed({ sub: 'on a socket', jti: '2' }), key })).toEqual({
      ok: true,
    })
    const stranger = await signed({ sub: 'another on a socket' })
    expect(await socket.ask('auth', { token: stranger, key })).toMatchObject({ error: { code: 'forbidden' } })
    socket.close()
    await expect(connectSocket(server.url, { token: 'a.b.c', key })).rejects.toThrow('unauthorized')
  })
})

test('who reads beside a publishable key is cut when that is revoked', async () => {
  const token = await signed()
  const { id } = await client(token).createSession({ agent: 'echo' })
  const stream = await client(token).stream('GET', `/v1/sessions/${id}/events`)
  const socket = await connectSocket(server.url, { token, key })
  const [row] = await server.rows<{ id: string }>(
    `update api_keys set revoked_at = clock_timestamp() where organization_id = $1 and kind = 'publishable' returning id`,
    uuidOf('organization', tenant.organizationId),
  )
  await server.broker.publishCuts([{ subject: idOf('apiKey', row!.id), reason: 'revoked' }]).catch(() => undefined)
  await stream.ended
  expect(stream.cut).toMatchObject({ reason: 'revoked' })
  expect(await socket.disconnected).toBe('io server disconnect')
  await refused(token)
})

describe('keys at a URL', () => {
  async function newKey(kid: string, alg: 'RS256' | 'ES256' = 'RS256') {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
    const sign = (header: object = {}) =>
      claims()
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey)
    return { jwk: { ...(await exportJWK(publicKey)), kid, alg }, publicKey, privateKey, sign }
  }

  async function serve(...keys: JWK[]): Promise<void> {
    Object.assign(jwks, { keys, asked: 0, status: 200 })
    await authBy({ jwksUrl: `${jwks.url}${randomBytes(4).toString('hex')}` })
  }

  test('are fetched once for many tokens, by any of them', async () => {
    const [one, two] = [await newKey('one'), await newKey('two', 'ES256')]
    await serve(one.jwk, two.jwk)
    for (const token of [await one.sign(), await two.sign(), await one.sign()]) {
      expect((await client(token).get('/v1/sessions')).status).toBe(200)
    }
    expect(jwks.asked).toBe(1)
  })

  test('a public key is no shared secret', async () => {
    const one = await newKey('one')
    await serve(one.jwk)
    const [head, body] = [{ alg: 'HS256', kid: 'one' }, (await signed()).split('.')[1]].map((part) =>
      typeof part === 'string' ? part : Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    for (const secret of [await exportSPKI(one.publicKey), JSON.stringify(one.jwk), SECRET]) {
      await refused(`${head}.${body}.${createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')}`)
    }
  })

  test('are looked for nowhere else, whatever a header says', async () => {
    const [ours, theirs] = [await newKey('ours'), await newKey('theirs')]
    await serve(ours.jwk)
    for (const header of [
      { jku: `${jwks.url}evil` },
      { x5u: `${jwks.url}evil` },
      { jwk: theirs.jwk },
      { kid: '../../../../etc/passwd' },
      { kid: "' or 1=1 --" },
      { kid: 'ours' },
    ]) {
      await refused(await theirs.sign(header))
    }
  })

  test('that can’t be had are no fault of the token: 503, and it counts once they are there', async () => {
    const one = await newKey('one')
    await serve(one.jwk)
    jwks.status = 500
    const token = await one.sign()
    const headers = { authorization: `Bearer ${token}`, 'agentview-key': key }
    const answer = await fetch(`${server.url}/v1/sessions`, { headers })
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ error: { code: 'unavailable' } })
    jwks.status = 200
    expect((await client(token).get('/v1/sessions')).status).toBe(200)
  })
})
