import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { uuidOf } from '@shared/domain/ids'
import { SignJWT, exportSPKI, generateKeyPair } from 'jose'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type Forgery, forgeToken, signingKey } from '../../../test/server/forgeToken.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterAll(() => server?.close())

const self = () => ({ id: person.id, organizationId: server.main.organizationId })
const forged = (forgery?: Forgery) => forgeToken(server.secret, self(), forgery)

/** Refused on a read, on a write and on a stream, with nothing left behind. */
async function refused(credential: string, code = 'unauthorized'): Promise<void> {
  const client = server.client(credential)
  await expectRefused(server, 401, code, () => client.get('/v1/sessions'))
  await expectRefused(server, 401, code, () => client.post('/v1/messages', { agent: 'echo', input: 'x' }))
  await expectRefused(server, 401, code, () => client.get('/v1/sessions/ses_01jd0000000000000000000000/events'))
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = () => ({
  org: server.main.organizationId,
  sub: person.id,
  iss: 'agentview',
  aud: 'agentview-client',
  exp: Math.floor(Date.now() / 1_000) + 3_600,
})

test('a token like ours is accepted, so that what follows is refused for its one difference', async () => {
  expect((await server.client(await forged()).get('/v1/sessions')).status).toBe(200)
})

describe('a token', () => {
  test('with the algorithm none is refused, with and without a signature', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      const unsigned = `${part({ alg, typ: 'JWT' })}.${part(claims())}.`
      await refused(unsigned)
      await refused(`${unsigned}${(await forged()).split('.')[2]}`)
    }
  })

  test('signed with another key is refused', async () => {
    await refused(await forged({ key: new Uint8Array(32) }))
    await refused(await forged({ key: signingKey('another secret of an installation') }))
    await refused(await forged({ key: Buffer.from(server.secret) }))
  })

  test('signed with another algorithm, also by the same key, is refused', async () => {
    await refused(await forged({ header: { alg: 'HS384' } }))
    await refused(
      await forged({ header: { alg: 'HS512' }, key: Buffer.concat([signingKey(server.secret), Buffer.alloc(32)]) }),
    )
  })

  test('signed with RS256 is refused, and so is one signed with its public key as if that were a secret', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    await refused(await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256' }).sign(privateKey))
    const pem = await exportSPKI(publicKey)
    const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims())}`
    await refused(`${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`)
  })

  test('that brings its own key, or says where it is to be found, is refused', async () => {
    const key = new Uint8Array(32)
    const jwk = { kty: 'oct', k: Buffer.from(key).toString('base64url') }
    for (const header of [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { kid: '../../../../dev/null' },
      { x5u: 'https://evil.example' },
    ])
      await refused(await forged({ key, header }))
  })

  test('with a critical header that nobody here knows is refused', async () => {
    const header = { alg: 'HS256', typ: 'JWT', crit: ['b64'], b64: false }
    const head = `${part(header)}.${part(claims())}`
    await refused(`${head}.${createHmac('sha256', signingKey(server.secret)).update(head).digest('base64url')}`)
  })

  test('for another audience or by another issuer is refused', async () => {
    await refused(await forged({ aud: 'agentview-admin' }))
    await refused(await forged({ iss: 'https://agentview.example' }))
  })

  test('that is over is refused, and told apart', async () => {
    await refused(await forged({ expiresIn: -1 }), 'token_expired')
  })

  test('that never ends, or that isn’t of anybody, is refused', async () => {
    const { exp: _exp, ...endless } = claims()
    const { sub: _sub, ...nobody } = claims()
    const { org: _org, ...nowhere } = claims()
    for (const payload of [endless, nobody, nowhere])
      await refused(await new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(signingKey(server.secret)))
  })

  test('of somebody who doesn’t exist, of another organization, or of no sound id is refused', async () => {
    const foreign = await server.other.newPerson()
    await refused(await forged({ sub: 'eu_01jd0000000000000000000000' }))
    await refused(await forged({ sub: foreign.id }))
    await refused(await forged({ org: server.other.organizationId }))
    await refused(await forged({ sub: 'eu_1' }))
    await refused(await forged({ sub: `${person.id}' or true` }))
    await refused(await forged({ org: 'org_1' }))
  })

  test('of somebody who was revoked is refused', async () => {
    const gone = await server.main.newPerson()
    await server.rows('update end_users set revoked_at = clock_timestamp() where id = $1', uuidOf('endUser', gone.id))
    await refused(gone.token)
  })

  test('that was altered anywhere is refused', async () => {
    const [head, body, signature] = person.token.split('.') as [string, string, string]
    const other = part({ ...claims(), sub: (await server.main.newPerson()).id })
    for (const altered of [
      `${head}.${other}.${signature}`,
      `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      `${head}.${body}`,
      `${head}.${body}.`,
      `${head}.${body}.${signature}.${signature}`,
    ])
      await refused(altered)
  })
})

describe('a credential', () => {
  test('of garbage is refused', async () => {
    for (const garbage of [
      'x',
      '.',
      '..',
      'a.b.c',
      'e30.e30.e30',
      'av_',
      'av_sk_',
      'av_pk_x',
      'null',
      'undefined',
      '%00',
      'Bearer',
    ])
      await refused(garbage)
  })

  test('of 9 kB is refused', async () => {
    await refused('x'.repeat(9_000))
    await refused(`av_sk_${'x'.repeat(9_000)}`)
    await refused(await forged({ header: { pad: 'x'.repeat(6_700) } }))
  })

  test('that is one letter too short or too long, or in the wrong case, is refused', async () => {
    const { secretKey } = server.main
    for (const key of [secretKey.slice(0, -1), `${secretKey}a`, secretKey.toUpperCase(), secretKey.replace('sk', 'pk')])
      await refused(key)
  })

  test('that was revoked is refused', async () => {
    await server.rows(
      `update api_keys set revoked_at = clock_timestamp() where organization_id = $1`,
      uuidOf('organization', server.other.organizationId),
    )
    await refused(server.other.secretKey)
  })

  test('in another place or by another scheme is none', async () => {
    const nobody = server.client(null)
    const ask = (path: string, headers: Record<string, string>) => () => nobody.get(path, headers)
    for (const headers of [
      {},
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: `Bearer  ` },
      { authorization: server.main.secretKey },
      { authorization: `Basic ${Buffer.from(server.main.secretKey).toString('base64')}` },
      { authorization: `Token ${server.main.secretKey}` },
      { authorization: `Bearer ${server.main.secretKey} x` },
      { authorization: `Bearer ${server.main.secretKey}, Bearer ${server.main.secretKey}` },
      { 'x-api-key': server.main.secretKey },
      { cookie: `token=${server.main.secretKey}` },
    ] as Record<string, string>[])
      await expectRefused(server, 401, 'unauthorized', ask('/v1/sessions', headers))
    await expectRefused(server, 401, 'unauthorized', ask(`/v1/agents?token=${server.main.secretKey}`, {}))
  })
})
