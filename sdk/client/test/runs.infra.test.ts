import type { Person } from '../../../test/server/tenant.ts'
import { type World, isIdle, next, startWorld, texts, until } from './world.ts'

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

const newClient = (agent = 'echo') => world.client({ token: person.token, agent })

test('a run is cancelled, and tried anew; what it had made is hidden', async () => {
  const client = newClient('staged')
  expect(await client.cancelRun()).toBeNull()
  const { run } = await client.sendMessage('think')
  const turn = await world.server.stage.turn(run.id)
  turn.frame('text', { delta: 'half a ' })
  await until(client, ({ messages }) => messages.at(-1)?.text === 'half a ')
  const cancelled = next(client, 'run:cancelled')
  expect(await client.cancelRun()).toMatchObject({ id: run.id, status: 'cancelled' })
  expect((await cancelled).id).toBe(run.id)
  expect((await until(client, isIdle)).messages.at(-1)).toMatchObject({ text: 'half a ', status: 'incomplete' })

  const { run: again } = await client.retryRun()
  expect(again).toMatchObject({ retryOf: run.id })
  const second = await world.server.stage.turn(again.id)
  second.frame('text', { delta: 'whole' })
  second.frame('custom', { name: 'mood', data: 'good' })
  const custom = next(client, 'custom:event')
  second.frame('state', { state: { step: 2 } })
  second.frame('done')
  second.end()
  expect(await custom).toEqual({ name: 'mood', data: 'good', runId: again.id })
  const state = await until(client, (now) => isIdle(now) && texts(now).at(-1) === 'whole')
  expect(texts(state)).toEqual(['think', 'whole'])
  expect(state.state).toEqual({ step: 2 })
})

test('an attempt that fails is told, and so is the end of a run that failed', async () => {
  const client = newClient('staged')
  const { run } = await client.sendMessage('fail')
  const retrying = next(client, 'run:retrying')
  const first = await world.server.stage.turn(run.id)
  first.answer(503, {})
  expect(await retrying).toMatchObject({ runId: run.id })
  const failed = next(client, 'run:failed')
  const second = await world.server.stage.turn(run.id, 2)
  second.answer(400, {})
  expect(await failed).toMatchObject({ id: run.id, status: 'failed' })
})

test('feedback on an answer is noted, once however often it is said', async () => {
  const client = newClient()
  await client.sendMessage('hello')
  const { messages } = await until(client, isIdle)
  const told = next(client, 'session:feedback')
  const id = messages[1]!.id!
  await client.sendFeedback(id, { value: 'up' })
  expect(await told).toMatchObject({ itemId: id, score: { value: 'up' } })
  expect(await client.sendFeedback(id, { value: 'down', comment: 'on second thoughts' })).toMatchObject({
    value: 'down',
  })
})

test('sessions are listed, named, given metadata and deleted', async () => {
  const client = newClient()
  const created = await client.createSession({ title: 'First', metadata: { topic: 'one' } })
  expect(client.getState()).toMatchObject({ sessionId: created.id, session: { title: 'First' }, messages: [] })
  const other = await person.client.createSession({ agent: 'echo', metadata: { topic: 'two' } })
  expect((await client.listSessions()).data.map(({ id }) => id)).toEqual([other.id, created.id])
  expect((await client.listSessions({ metadata: { topic: 'one' } })).data.map(({ id }) => id)).toEqual([created.id])
  await until(client, ({ connection }) => connection.status === 'online')
  const updated = next(client, 'session:updated')
  await client.updateSession(created.id, { title: 'Renamed', metadata: { topic: null, mood: 'good' } })
  expect(await updated).toMatchObject({ title: 'Renamed', metadata: { mood: 'good' } })
  expect((await until(client, ({ session }) => session?.title === 'Renamed')).session).toMatchObject({
    metadata: { mood: 'good' },
  })
  const deleted = next(client, 'session:deleted')
  await client.deleteSession(created.id)
  await client.deleteSession(created.id)
  expect(await deleted).toEqual({ sessionId: created.id })
  expect(client.getState().sessionId).toBeNull()
  await expect(client.loadSession(created.id)).rejects.toMatchObject({ code: 'not_found', status: 404 })
  expect(client.getState()).toMatchObject({ sessionId: null, loading: false })
})

test('of two sessions that are opened at once the second one counts', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => person.client.createSession({ agent: 'echo' })))
  const client = newClient()
  const first = client.loadSession(one!.id)
  const second = client.loadSession(two!.id)
  await expect(first).rejects.toMatchObject({ code: 'aborted' })
  expect((await second).id).toBe(two!.id)
  expect(client.getState().sessionId).toBe(two!.id)
})

test('a message that the agent’s rules refuse is failed, and can be sent anew or discarded', async () => {
  await world.server.main.publish(
    {
      name: 'strict',
      runs: [{ type: 'chat', input: { schema: { type: 'object', required: ['polite'] } } }],
    },
    'echo',
  )
  const client = newClient('strict')
  const failure = await client.sendMessage('hello').catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'schema_violation', status: 422 })
  const { messages } = client.getState()
  expect(messages).toMatchObject([{ text: 'hello', status: 'failed', error: { code: 'schema_violation' } }])
  client.resendMessage(messages[0]!.key)
  await until(client, (state) => state.messages[0]?.status === 'failed' && state.messages[0].key !== messages[0]!.key)
  client.discardMessage(client.getState().messages[0]!.key)
  expect(client.getState().messages).toEqual([])
  await client.sendMessage({ type: 'message', role: 'user', content: 'hello', polite: true })
  expect(texts(await until(client, isIdle))).toEqual(['hello', 'You said: hello'])
})
