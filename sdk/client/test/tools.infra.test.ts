import { eventually, settleable } from '../../../test/server/eventually.ts'
import type { Person } from '../../../test/server/tenant.ts'
import { type ClientState, type KeyValueStorage, memoryStorage } from '../index.ts'
import { type World, isIdle, startWorld, until } from './world.ts'

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

const newClient = (more: Parameters<World['client']>[0] = {}) =>
  world.client({ token: person.token, agent: 'asking', ...more })
/** What the agent was told, from its last words. */
const heard = ({ messages }: ClientState) => JSON.parse(messages.at(-1)?.text ?? 'null') as unknown
const statuses = ({ pause }: ClientState) => pause?.calls.map(({ callId, status }) => `${callId} ${status}`)
const answered = (state: ClientState) => isIdle(state) && state.messages.length === 3
const ask = (...calls: string[]) => ({ type: 'message', role: 'user', content: 'ask', calls })

test('tools answer by themselves, several at once, and what they throw or do not finish is told as well', async () => {
  const seen: unknown[] = []
  const client = newClient()
  client.setTools({
    ask: {
      timeoutMs: 50,
      run: async (args, { callId, signal }) => {
        seen.push(args)
        if (callId === 'throws') throw new Error('No such thing.')
        if (callId === 'hangs') await new Promise((resolve) => signal.addEventListener('abort', resolve))
        return { done: callId }
      },
    },
  })
  await client.sendMessage(ask('works', 'throws', 'hangs'))
  const state = await until(client, answered)
  expect(seen).toEqual([{ of: 'works' }, { of: 'throws' }, { of: 'hangs' }])
  expect(heard(state)).toEqual([
    { callId: 'works', output: { done: 'works' } },
    { callId: 'throws', output: { message: 'No such thing.' }, isError: true },
    { callId: 'hangs', output: { message: 'The tool did not answer within 0.05 s.' }, isError: true },
  ])
  expect(state.pause).toBeNull()
})

test('what a person has to allow waits for him; what he forbids is told to the agent', async () => {
  const ran: string[] = []
  const client = newClient({
    tools: {
      ask: {
        approval: (args) => JSON.stringify(args) !== '{"of":"free"}',
        run: (_args, { callId }) => ran.push(callId),
      },
    },
  })
  await client.sendMessage(ask('free', 'yes', 'no'))
  await until(client, (state) => statuses(state)?.join() === 'free answered,yes approval,no approval')
  expect(ran).toEqual(['free'])
  // A second click changes nothing.
  await Promise.all([client.approveCall('yes'), client.approveCall('yes')])
  await client.rejectCall('yes')
  await expect(client.approveCall('unknown')).rejects.toMatchObject({ code: 'invalid_use' })
  await client.rejectCall('no', 'Too dear.')
  const state = await until(client, answered)
  expect(ran).toEqual(['free', 'yes'])
  expect(heard(state)).toEqual([
    { callId: 'free', output: 1 },
    { callId: 'yes', output: 2 },
    { callId: 'no', approved: false, reason: 'Too dear.' },
  ])
})

test('a call without a handler waits for continueRun, and one that gets a handler later is taken up', async () => {
  const client = newClient()
  const { run } = await client.sendMessage(ask('one', 'two'))
  await until(client, (state) => statuses(state)?.join() === 'one waits,two waits')
  await client.continueRun({ toolResults: [{ callId: 'one', output: 'by hand' }] })
  // Answered otherwise before: no error.
  const same = await client.continueRun({ runId: run.id, toolResults: [{ callId: 'one', output: 'again' }] })
  expect(same.status).toBe('paused')
  client.setTools({ ask: (_args, { callId }) => `by the tool: ${callId}` })
  const state = await until(client, answered)
  expect(heard(state)).toEqual([
    { callId: 'one', output: 'by hand' },
    { callId: 'two', output: 'by the tool: two' },
  ])
})

test('a page that is loaded anew in the middle of a pause goes on, and does nothing twice', async () => {
  const storage = memoryStorage()
  const ran: string[] = []
  const { promise: never } = settleable()
  const tools = (hang: boolean) => ({
    ask: async (_args: unknown, { callId }: { callId: string }) => {
      ran.push(callId)
      if (hang && callId === 'slow') await never
      return callId
    },
  })
  const first = newClient({ storage, tools: tools(true) })
  const { run } = await first.sendMessage(ask('fast', 'slow'))
  await until(first, (state) => statuses(state)?.join() === 'fast answered,slow running')
  first.disconnect()
  const second = newClient({ storage, tools: tools(false) })
  await second.loadSession(run.sessionId)
  expect(second.getState()).toMatchObject({ status: 'paused', pause: { runId: run.id } })
  const state = await until(second, answered)
  expect(heard(state)).toEqual([
    { callId: 'fast', output: 'fast' },
    { callId: 'slow', output: 'slow' },
  ])
  expect(ran).toEqual(['fast', 'slow', 'slow'])
})

test('two pages that both answer: one answer counts, and neither sees an error', async () => {
  const [one, two] = ['one', 'two'].map((name) => newClient({ tools: { ask: () => name } })) as [
    ReturnType<typeof newClient>,
    ReturnType<typeof newClient>,
  ]
  const errors: unknown[] = []
  for (const client of [one, two]) client.on('error', (error) => errors.push(error))
  const session = await person.client.createSession({ agent: 'asking' })
  await Promise.all([one.loadSession(session.id), two.loadSession(session.id)])
  await one.sendMessage(ask('c1', 'c2', 'c3'))
  const [left, right] = [await until(one, answered), await until(two, answered)]
  expect(heard(left)).toEqual(heard(right))
  expect((heard(left) as { callId: string }[]).map(({ callId }) => callId)).toEqual(['c1', 'c2', 'c3'])
  expect(errors).toEqual([])
})

test('an answer that finds no network is kept and sent when there is one', async () => {
  const client = newClient({ tools: { ask: () => (world.network.refuse(), 'done offline') } })
  await client.sendMessage(ask('c1'))
  await until(client, (state) => statuses(state)?.join() === 'c1 sending' && state.connection.status === 'offline')
  world.network.heal()
  expect(heard(await until(client, answered))).toEqual([{ callId: 'c1', output: 'done offline' }])
})

test('a result that is too large is told to the agent as an error', async () => {
  const client = newClient({ tools: { ask: () => 'x'.repeat(300 * 1024) } })
  await client.sendMessage(ask('c1'))
  expect(heard(await until(client, answered))).toMatchObject([{ callId: 'c1', isError: true }])
})

test('a run that is cancelled while a tool works aborts the tool, and nothing is kept', async () => {
  const values = new Map<string, string>()
  const storage: KeyValueStorage = {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => values.set(key, value),
    removeItem: (key) => values.delete(key),
  }
  let aborted = false
  const client = newClient({
    storage,
    tools: {
      ask: async (_args, { callId, signal }) => {
        if (callId === 'fast') return 'kept for now'
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        aborted = true
      },
    },
  })
  await client.sendMessage(ask('fast', 'slow'))
  await until(client, (state) => statuses(state)?.join() === 'fast answered,slow running')
  expect([...values.keys()].filter((key) => key.includes('.answer.'))).toHaveLength(1)
  const run = await client.cancelRun()
  expect(run?.status).toBe('cancelled')
  await until(client, (state) => state.status === 'idle')
  await eventually(() => aborted)
  expect([...values.keys()].filter((key) => key.includes('.answer.'))).toEqual([])
})
