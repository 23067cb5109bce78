import { EndUser, type Grant, KeyRefused, isGrant } from '../core/endUser.ts'
import { Unreachable } from '../core/http.ts'
import { oneAtATime } from '../core/oneAtATime.ts'
import { type KeyValueStore, stored } from '../core/storage.ts'

const HOUR = 3_600_000

function memory(): KeyValueStore {
  const values = new Map<string, string>()
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  }
}

/** A server that counts, and whose answers a test may change. */
function setUp(store: KeyValueStore | null = memory()) {
  const world = { now: 0, status: { anonymous: 201, refresh: 200 }, calls: [] as string[], lifetime: HOUR }
  const fetch = async (url: string, init: RequestInit) => {
    const name = url.endsWith('refresh') ? 'refresh' : 'anonymous'
    world.calls.push(`${name} ${init.body as string} ${new Headers(init.headers).get('authorization')}`)
    const count = world.calls.length
    const status = world.status[name]
    if (status === 0) throw new TypeError('fetch failed')
    const body = {
      token: `token ${count}`,
      refreshToken: `refresh ${count}`,
      expiresAt: new Date(world.now + world.lifetime).toISOString(),
      endUser: { id: name === 'anonymous' ? `eu_${count}` : 'eu_1' },
    }
    return Response.json(status < 300 ? body : { error: { code: 'unauthorized', message: 'No.' } }, { status })
  }
  const open = (publishableKey = 'av_pk_1') =>
    new EndUser({
      publishableKey,
      fetch,
      grant: stored<Grant>(store, 'grant', isGrant),
      exclusively: oneAtATime('grant', undefined),
      now: () => world.now,
    })
  return { world, open }
}

test('a new visitor is anonymous, once, however many ask at the same time', async () => {
  const { world, open } = setUp()
  const endUser = open()
  expect(endUser.grant).toBeNull()
  expect(await Promise.all([endUser.token(), endUser.token()])).toEqual(['token 1', 'token 1'])
  expect(world.calls).toEqual(['anonymous {} Bearer av_pk_1'])
  expect(endUser.grant).toMatchObject({ endUserId: 'eu_1' })
})

test('a returning visitor is the same person, with a token that is renewed before it ends', async () => {
  const { world, open } = setUp()
  await open().token()
  world.now = 0.7 * HOUR
  expect(await open().token()).toBe('token 1')
  world.now = 0.9 * HOUR
  expect(await open().token()).toBe('token 2')
  expect(world.calls[1]).toBe('refresh {"refreshToken":"refresh 1"} Bearer av_pk_1')
})

test('a token that another tab has renewed is taken over', async () => {
  const { world, open } = setUp()
  const [here, there] = [open(), open()]
  await here.token()
  await there.renew('token 1')
  expect((await here.renew('token 1')).token).toBe('token 2')
  expect(world.calls).toHaveLength(2)
})

test('a refused refresh makes somebody new', async () => {
  const { world, open } = setUp()
  await open().token()
  world.status.refresh = 401
  expect(await open().renew('token 1')).toMatchObject({ token: 'token 3', endUserId: 'eu_3' })
})

test.each([0, 429, 503])('a refresh that meets %d is to be tried again, as the same person', async (status) => {
  const { world, open } = setUp()
  await open().token()
  world.status.refresh = status
  await expect(open().renew('token 1')).rejects.toThrow(Unreachable)
  expect(open().grant).toMatchObject({ refreshToken: 'refresh 1' })
})

test('a grant of another organization is not used', async () => {
  const { world, open } = setUp()
  await open().token()
  expect(await open('av_pk_2').token()).toBe('token 2')
  expect(world.calls[1]).toContain('anonymous')
})

test('a key that is refused is told apart from a server that is away', async () => {
  const { world, open } = setUp()
  world.status.anonymous = 401
  await expect(open().token()).rejects.toThrow(KeyRefused)
})

test('a wrong clock does not renew without end', async () => {
  const { world, open } = setUp()
  world.lifetime = -5 * HOUR
  const endUser = open()
  await endUser.token()
  await endUser.token()
  expect(world.calls).toHaveLength(1)
})

test('without storage the visitor lasts as long as the page', async () => {
  const { world, open } = setUp(null)
  const endUser = open()
  await endUser.token()
  await endUser.token()
  expect(world.calls).toHaveLength(1)
})
