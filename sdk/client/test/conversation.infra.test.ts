import { uuid } from '@shared/store/render'
import { expectContiguous } from '../../../test/server/eventChecks.ts'
import type { Person } from '../../../test/server/tenant.ts'
import type { TransportName } from '../index.ts'
import { type World, isIdle, next, recordLog, startWorld, texts, until } from './world.ts'

let world: World
let person: Person
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  person = await world.server.main.newPerson()
})
afterEach(() => world.hangUp())
afterAll(() => world?.close())

const runsOf = (sessionId: string) =>
  world.server.rows<{ status: string }>(
    'select status from runs where session_id = $1 order by run_no',
    uuid('session', sessionId),
  )

describe.each<TransportName>(['socket', 'sse'])('over %s', (transport) => {
  const newClient = (more: Parameters<World['client']>[0] = {}) =>
    world.client({ token: person.token, transports: [transport], ...more })

  test('a first message begins a session, and its answer streams in', async () => {
    const client = newClient()
    const told: string[] = []
    client.on('message:update', ({ text, status }) => told.push(`update ${status} ${text}`))
    client.on('message:complete', ({ text }) => told.push(`complete ${text}`))
    for (const name of ['session:created', 'run:queued', 'run:started', 'run:completed'] as const)
      client.on(name, () => told.push(name))
    const sent = client.sendMessage('hello')
    expect(client.getState()).toMatchObject({
      sessionId: null,
      status: 'sending',
      messages: [{ text: 'hello', id: null }],
    })
    const key = client.getState().messages[0]?.key
    const { run, item } = await sent
    const state = await until(client, isIdle)
    expect(texts(state)).toEqual(['hello', 'You said: hello'])
    expect(state).toMatchObject({ sessionId: run.sessionId, connection: { status: 'online', transport } })
    expect(state.messages[0]).toMatchObject({ key, id: item.id, role: 'user', status: 'complete' })
    expect(state.messages[1]).toMatchObject({ role: 'assistant', kind: 'output', runId: run.id })
    expect(told.filter((what) => what.startsWith('complete'))).toEqual(['complete hello', 'complete You said: hello'])
    expect(told.indexOf('complete You said: hello')).toBeLessThan(told.indexOf('run:completed'))
    expect(told.filter((what) => /^(run|session):/.test(what))).toEqual([
      'session:created',
      'run:queued',
      'run:started',
      'run:completed',
    ])
  })

  test('two clients on one session see the same, whoever sends', async () => {
    const one = newClient()
    const { run } = await one.sendMessage('from one')
    const two = newClient()
    await two.loadSession(run.sessionId)
    await Promise.all([two.sendMessage('from two'), one.sendMessage('and one'), two.sendMessage('and two')])
    const four = (state: Parameters<typeof isIdle>[0]) => isIdle(state) && state.messages.length === 8
    const [left, right] = [await until(one, four), await until(two, four)]
    expect(left.messages.map(({ id, text, status }) => ({ id, text, status }))).toEqual(
      right.messages.map(({ id, text, status }) => ({ id, text, status })),
    )
    expect(left.runs).toEqual(right.runs)
    expect(new Set(left.messages.map(({ id }) => id)).size).toBe(8)
  })

  test('what is sent without a network goes out in order, once, when there is one', async () => {
    const client = newClient()
    await client.sendMessage('first')
    await until(client, isIdle)
    world.network.refuse()
    const sent = ['one', 'two', 'three'].map((text) => client.sendMessage(text))
    const offline = await until(client, ({ connection }) => connection.status === 'offline')
    expect(texts(offline).slice(2)).toEqual(['one', 'two', 'three'])
    world.network.heal()
    client.hurry()
    await Promise.all(sent)
    const state = await until(client, (now) => isIdle(now) && now.messages.length === 8)
    expect(state.messages.filter(({ role }) => role === 'user').map(({ text }) => text)).toEqual([
      'first',
      'one',
      'two',
      'three',
    ])
    expect(await runsOf(state.sessionId!)).toHaveLength(4)
  })

  test('a message whose answer was lost is asked for again, and arrives once', async () => {
    const client = newClient()
    const { run } = await client.sendMessage('first')
    await until(client, isIdle)
    // The request arrives, its answer does not: each connection breaks with the first bytes that come back.
    world.network.cutAfter(1)
    const again = client.sendMessage('again')
    await world.server.logOf(
      run.sessionId,
      (events) => events.filter(({ type }) => type === 'run.completed').length === 2,
    )
    world.network.heal()
    client.hurry()
    await again
    const state = await until(client, (now) => isIdle(now) && now.messages.length === 4)
    expect(texts(state)).toEqual(['first', 'You said: first', 'again', 'You said: again'])
    expect(await runsOf(run.sessionId)).toHaveLength(2)
  })

  test('a connection that is lost in mid-stream goes on where it was', async () => {
    const client = newClient({ agent: 'staged' })
    const log = recordLog(client)
    const { run } = await client.sendMessage('tell me')
    const turn = await world.server.stage.turn(run.id)
    for (const word of ['one ', 'two ', 'three ', 'four ']) {
      turn.frame('text', { delta: word })
      await until(client, (state) => state.messages.at(-1)?.text?.endsWith(word) ?? false)
      world.network.reset()
    }
    turn.frame('done')
    turn.end()
    const state = await until(client, isIdle)
    expect(state.messages.at(-1)?.text).toBe('one two three four ')
    expectContiguous(log)
    expect(log.at(-1)?.seq).toBe((await person.client.readSession(run.sessionId)).lastSeq)
  })

  test('a long session comes with its newest items, and the older ones page by page', async () => {
    const session = await person.client.createSession({ agent: 'steps' })
    for (let turn = 0; turn < 3; turn++) await person.client.ask(session.id, { count: 150 })
    const client = newClient()
    await client.loadSession(session.id)
    expect(client.getState()).toMatchObject({ hasOlder: true })
    expect(client.getState().messages).toHaveLength(200)
    await Promise.all([client.loadOlderMessages(), client.loadOlderMessages()])
    expect(client.getState().messages).toHaveLength(400)
    const newest = client.getState().messages.at(-1)
    await client.loadOlderMessages()
    const { messages, hasOlder } = client.getState()
    expect(hasOlder).toBe(false)
    expect(messages).toHaveLength(3 * 152)
    expect(messages.at(-1)).toBe(newest)
    const { data } = (await person.client.get<{ data: { id: string }[] }>(`/v1/sessions/${session.id}/items?limit=1`))
      .body
    expect(messages[0]?.id).toBe(data[0]!.id)
  })

  test('a session that somebody deletes is lost, and the next message begins another', async () => {
    const client = newClient()
    const { run } = await client.sendMessage('hello')
    await until(client, isIdle)
    const lost = next(client, 'session:lost')
    await person.client.request('DELETE', `/v1/sessions/${run.sessionId}`)
    expect(await lost).toEqual({ sessionId: run.sessionId, reason: 'deleted' })
    expect(client.getState()).toMatchObject({ sessionId: null, messages: [] })
    const again = await client.sendMessage('hello again')
    expect(again.run.sessionId).not.toBe(run.sessionId)
  })
})
