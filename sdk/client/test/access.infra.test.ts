import { eventually } from '../../../test/server/eventually.ts'
import { type ClientOptions, memoryStorage } from '../index.ts'
import { type World, isIdle, next, startWorld, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterEach(() => world.hangUp())
afterAll(() => world?.close())

describe('a token that the page gives', () => {
  test('is asked for anew when it is refused, once for all calls that wait', async () => {
    const { token } = await world.server.main.newPerson()
    let asked = 0
    const provide = () => Promise.resolve(asked++ === 0 ? 'spent' : token)
    const client = world.client({ token: provide, autoConnect: false })
    const pages = await Promise.all([client.listSessions(), client.listSessions(), client.listAgents()])
    expect(pages.map(({ data }) => data.length)).toEqual([0, 0, 4])
    await client.listSessions()
    expect(asked).toBe(2)
  })

  test.each(['socket', 'sse'] as const)('that is refused over %s is renewed as well', async (transport) => {
    const { token, client: by } = await world.server.main.newPerson()
    const session = await by.createSession({ agent: 'echo' })
    const given = [token, token, 'spent', 'spent', token]
    let asked = 0
    const client = world.client({ token: () => given[asked++] ?? token, transports: [transport], autoConnect: false })
    await client.loadSession(session.id)
    expect(asked).toBe(1)
    client.connect()
    const { connection } = await until(client, (state) => state.connection.status === 'online')
    expect(connection.transport).toBe(transport)
  })

  test('that is spent for good is a problem that one is told, and no message is lost', async () => {
    const client = world.client({ token: 'spent' })
    const failed = next(client, 'error')
    const sent = client.sendMessage('hello')
    await expect(sent).rejects.toMatchObject({ code: 'unauthorized', status: 401 })
    expect(await failed).toMatchObject({ code: 'unauthorized' })
    const { messages, connection } = await until(client, (state) => state.connection.problem !== null)
    expect(messages).toMatchObject([{ text: 'hello', status: 'failed', error: { code: 'unauthorized' } }])
    expect(connection).toMatchObject({ status: 'offline', problem: { code: 'unauthorized' } })
  })
})

describe('an anonymous visitor', () => {
  const visit = (storage = memoryStorage(), more: Partial<ClientOptions> = {}) =>
    world.client({ publishableKey: world.server.main.publishableKey, storage, ...more })

  test('who returns is the same person, with the sessions', async () => {
    const storage = memoryStorage()
    const first = visit(storage)
    const { run } = await first.sendMessage('remember me')
    await until(first, isIdle)
    first.disconnect()
    const again = visit(storage)
    const { data } = await again.listSessions()
    expect(data.map(({ id }) => id)).toEqual([run.sessionId])
    expect((await visit().listSessions()).data).toEqual([])
  })

  /** As if the token's time were nearly up. */
  async function spend(storage: ReturnType<typeof memoryStorage>): Promise<string> {
    const key = `agentview.visitor.${world.server.main.publishableKey}`
    const grant = JSON.parse((await storage.getItem(key)) ?? '{}') as Record<string, unknown>
    await storage.setItem(key, JSON.stringify({ ...grant, renewAt: 0 }))
    return String(grant.refreshToken)
  }

  test('has tabs that renew at the same time and stay the same person', async () => {
    const storage = memoryStorage()
    const first = visit(storage)
    const { id } = await first.createSession()
    for (let round = 0; round < 3; round++) {
      await spend(storage)
      const tabs = Array.from({ length: 4 }, () => visit(storage, { autoConnect: false }))
      const lists = await Promise.all(tabs.map((tab) => tab.listSessions()))
      expect(lists.map(({ data }) => data[0]?.id)).toEqual([id, id, id, id])
    }
    const [{ count } = { count: -1 }] = await world.server.rows<{ count: number }>(
      'select count(*) from refresh_tokens where revoked_at is not null',
    )
    expect(count).toBe(0)
  })

  test('whose family was revoked is somebody new, and the page is told', async () => {
    const storage = memoryStorage()
    const client = visit(storage)
    const { id } = await client.createSession()
    await until(client, ({ connection }) => connection.status === 'online')
    const lost = next(client, 'session:lost')
    const stolen = await spend(storage)
    for (let use = 0; use < 2; use++) await world.server.main.widget.post('/v1/auth/refresh', { refreshToken: stolen })
    expect(await lost).toEqual({ sessionId: id, reason: 'new_visitor' })
    expect(client.getState().sessionId).toBeNull()
    await client.sendMessage('who am I?')
    await until(client, isIdle)
    expect((await client.listSessions()).data.map((session) => session.id)).not.toContain(id)
  })

  test('of a page with a wrong key is told so', async () => {
    const client = world.client({ publishableKey: 'av_pk_wrong', storage: memoryStorage() })
    client.connect()
    const { connection } = await until(client, (state) => state.connection.problem !== null)
    expect(connection).toMatchObject({ status: 'offline', problem: { code: 'unauthorized' } })
  })
})

test('headers and parameters: the call before the client, the client before the SDK, credentials before all', async () => {
  const seen: { url: string; headers: Record<string, string> }[] = []
  const spy: typeof fetch = (url, init) => {
    const request = new Request(url, init)
    seen.push({ url: request.url, headers: Object.fromEntries(request.headers) })
    return fetch(url, init)
  }
  const { token } = await world.server.main.newPerson()
  let trace = 0
  const client = world.client({
    token,
    fetch: spy,
    headers: () => ({ 'X-Trace': `trace ${++trace}`, Accept: 'application/json; q=1', Authorization: 'Bearer mine' }),
    params: { limit: '5' },
  })
  await client.listSessions({ limit: 7 }, { headers: { 'x-trace': 'the call' } })
  await client.listSessions({}, { params: { limit: '3' } })
  expect(seen.map(({ url }) => new URL(url).search)).toEqual(['?limit=7', '?limit=3'])
  expect(seen.map(({ headers }) => headers)).toEqual([
    { accept: 'application/json; q=1', 'x-trace': 'the call', authorization: `Bearer ${token}` },
    { accept: 'application/json; q=1', 'x-trace': 'trace 2', authorization: `Bearer ${token}` },
  ])
})

test('a place where sockets do not get through is served over SSE', async () => {
  const { token } = await world.server.main.newPerson()
  const { createServer, connect } = await import('node:net')
  const port = Number(new URL(world.server.url).port)
  const sockets: { destroy(): unknown }[] = []
  // A proxy that knows no WebSockets: it hangs up on whoever asks for one.
  const proxy = createServer((client) => {
    const service = connect(port, '127.0.0.1')
    sockets.push(client, service)
    for (const side of [client, service]) side.on('error', () => undefined)
    client.on('data', (bytes) =>
      /upgrade: websocket/i.test(bytes.toString('latin1')) ? client.destroy() : service.write(bytes),
    )
    service.on('data', (bytes) => client.write(bytes))
    client.on('close', () => service.destroy())
    service.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = proxy.address()
  const client = world.client({
    token,
    endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
  })
  try {
    await client.sendMessage('hello')
    const state = await until(client, isIdle)
    expect(state.connection).toEqual({ status: 'online', transport: 'sse', problem: null })
  } finally {
    client.disconnect()
    for (const socket of sockets) socket.destroy()
    await new Promise((closed) => proxy.close(closed))
    await eventually(() => world.server.feeds.watched() === 0)
  }
})

describe('what is remembered of the user', () => {
  test('is listed by topic and by words, changed, and forgotten; again is no error', async () => {
    const { token } = await world.server.main.newPerson()
    const { memories } = world.client({ token, autoConnect: false })
    const tea = await memories.create({ topic: 'taste', content: 'likes green tea' })
    await memories.create({ content: 'has two cats' })
    expect((await memories.list()).data.map(({ content }) => content)).toEqual(['has two cats', 'likes green tea'])
    expect((await memories.list({ topic: 'taste' })).data).toEqual([tea])
    expect((await memories.list({ search: 'CATS two' })).data).toMatchObject([{ content: 'has two cats' }])
    expect(await memories.topics()).toEqual([{ topic: 'taste', memories: 1 }])
    expect(await memories.update(tea.id, { topic: null, content: 'likes tea' })).not.toHaveProperty('topic')
    const first = await memories.list({ limit: 1 })
    expect((await memories.list({ limit: 1, cursor: first.nextCursor! })).data).toMatchObject([{ id: tea.id }])
    await memories.delete(tea.id)
    await memories.delete(tea.id)
    expect((await memories.list()).data).toHaveLength(1)
  })

  test('is nobody else’s business', async () => {
    const [one, other] = await Promise.all([world.server.main.newPerson(), world.server.main.newPerson()])
    const { id } = await world.client({ token: one.token, autoConnect: false }).memories.create({ content: 'private' })
    const { memories } = world.client({ token: other.token, autoConnect: false })
    expect((await memories.list()).data).toEqual([])
    await expect(memories.update(id, { content: 'x' })).rejects.toMatchObject({ code: 'not_found', status: 404 })
    await expect(memories.create({ content: '' })).rejects.toMatchObject({ code: 'invalid_request', status: 400 })
  })
})
