import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { AgnoClient } from '@rodrigocoliveira/agno-client'
import { eventually } from '../../../test/server/eventually.ts'
import { forgeToken } from '../../../test/server/forgeToken.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  server.apps.set('waiter', ({ request, frame, end }) => {
    if (request.run.leg > 0) {
      frame('text', { delta: `It is ${JSON.stringify(request.toolResults)}.` })
    } else if (request.input['content'] === 'look') {
      frame('item', { item: { type: 'tool_call', callId: 'c1', name: 'look_up', arguments: { dish: 'tea' } } })
      frame('item', { item: { type: 'tool_result', callId: 'c1', result: { price: 3 } } })
      frame('custom', { name: 'looked', data: { at: 'menu' } })
      frame('state', { state: { looked: 1 } })
      for (const delta of ['Tea is ', '3 ', 'euros.']) frame('text', { delta })
    } else if (request.input['content'] === 'where') {
      frame('text', { delta: 'Let me see.' })
      frame('pause', { toolCalls: [{ callId: 'p1', name: 'get_location', arguments: { exact: true } }] })
      return end()
    } else if (request.input['content'] === 'break') {
      frame('error', { message: 'The kitchen burns.' })
      return end()
    }
    frame('done')
    end()
  })
  await server.main.publish({ name: 'waiter', title: 'The waiter' })
})
// After a run it reads the history by itself.
afterEach(() => eventually(() => clients.every((client) => !client.getState().isRefreshing)))
afterAll(() => server?.close())

const clients: AgnoClient[] = []

/** A client as a page makes it, and what it has told. */
function newClient(token = person.token, more: object = {}) {
  const client = new AgnoClient({ endpoint: `${server.url}/agno`, agentId: 'waiter', authToken: token, ...more })
  clients.push(client)
  const told: string[] = []
  const custom: unknown[] = []
  for (const event of [
    'session:created',
    'run:paused',
    'run:continued',
    'message:complete',
    'message:error',
    'run:cancelled',
  ])
    client.on(event, () => told.push(event))
  client.on('custom:event', (data: unknown) => custom.push(data))
  return { client, told, custom }
}

const shown = (client: AgnoClient) => client.getMessages().map(({ role, content }) => `${role}: ${String(content)}`)

describe('the published Agno client', () => {
  test('finds the server and its agents', async () => {
    const { client } = newClient()
    expect(await client.checkStatus()).toBe(true)
    expect(await client.fetchAgents()).toContainEqual({ id: 'waiter', name: 'The waiter' })
    expect(await client.fetchTeams()).toEqual([])
  })

  test('streams a run with its tools, and finds it again in the history', async () => {
    const { client, told, custom } = newClient()
    await client.sendMessage('look')
    expect(shown(client)).toEqual(['user: look', 'agent: Tea is 3 euros.'])
    expect(client.getMessages()[1]!.tool_calls).toMatchObject([
      { tool_call_id: 'c1', tool_name: 'look_up', tool_args: { dish: 'tea' }, tool_call_error: false },
    ])
    expect(custom).toMatchObject([{ event: 'CustomEvent', name: 'looked', at: 'menu', run_id: expect.any(String) }])
    expect(told).toEqual(['session:created', 'message:complete'])
    expect(client.getSessionState()).toEqual({ looked: 1 })
    const sessionId = client.getConfig().sessionId!
    const other = newClient().client
    await other.loadSession(sessionId)
    expect(shown(other)).toEqual(['user: look', 'agent: Tea is 3 euros.'])
    expect(other.getMessages()[1]!.tool_calls).toMatchObject([{ tool_call_id: 'c1', result: { price: 3 } }])
    // The next message goes into the same session.
    await other.sendMessage('look')
    expect(shown(other)).toHaveLength(4)
    expect(await person.client.readSession(sessionId)).toMatchObject({
      agent: 'waiter',
      title: 'look',
      lastRun: { runNo: 2 },
    })
  })

  test('continues a paused run with the results of its tools', async () => {
    const { client, told } = newClient()
    await client.sendMessage('where')
    const { isPaused, toolsAwaitingExecution } = client.getState()
    expect(isPaused).toBe(true)
    expect(told.splice(0)).toEqual(['session:created', 'run:paused', 'message:complete'])
    expect(toolsAwaitingExecution).toMatchObject([
      { tool_call_id: 'p1', tool_name: 'get_location', tool_args: { exact: true } },
    ])
    await client.continueRun(toolsAwaitingExecution!.map((tool) => ({ ...tool, result: { city: 'Łódź' } })))
    const answer = 'Let me see.\n\nIt is [{"callId":"p1","output":{"city":"Łódź"}}].'
    expect(shown(client)).toEqual(['user: where', `agent: ${answer}`])
    expect(told).toEqual(['run:continued', 'message:complete'])
  })

  test('that is loaded in the middle of a pause goes on with it', async () => {
    const first = newClient().client
    await first.sendMessage('where')
    const { client } = newClient()
    await client.loadSession(first.getConfig().sessionId!)
    const { isPaused, toolsAwaitingExecution } = client.getState()
    expect({ isPaused, calls: toolsAwaitingExecution?.map((tool) => tool.tool_name) }).toEqual({
      isPaused: true,
      calls: ['get_location'],
    })
    await client.continueRun(
      toolsAwaitingExecution!.map((tool) => ({ ...tool, result: 'here', tool_call_error: true })),
    )
    expect(shown(client).at(-1)).toContain('"isError":true')
  })

  test('is told of a run that failed, and shows no answer of it later', async () => {
    const { client, told } = newClient()
    await client.sendMessage('break')
    expect(told).toContain('message:error')
    expect(client.getState().errorMessage).toBe('The kitchen burns.')
    const other = newClient().client
    await other.loadSession(client.getConfig().sessionId!)
    expect(shown(other)).toEqual(['user: break'])
  })

  test('cancels a run', async () => {
    const { client, told } = newClient(person.token, { agentId: 'staged' })
    const sending = client.sendMessage('wait')
    const runId = await new Promise<string>((resolve) => {
      client.on('state:change', ({ currentRunId }: { currentRunId?: string }) => currentRunId && resolve(currentRunId))
    })
    await server.stage.turn(runId)
    await client.cancelRun()
    await sending
    expect(told).toContain('run:cancelled')
    expect((await person.client.readRun(runId)).status).toBe('cancelled')
  })

  test('that finds a run under way reads it to its end', async () => {
    const { client } = newClient(person.token, { agentId: 'staged' })
    const session = await person.client.createSession({ agent: 'staged' })
    const { run } = await person.client.say(session.id, 'x')
    const { frame, end } = await server.stage.turn(run.id)
    frame('text', { delta: 'Slowly' })
    const ended = new Promise((resolve) => client.once('run:resume:end', resolve))
    await client.loadSession(session.id)
    frame('text', { delta: ' but surely.' })
    frame('done')
    end()
    await ended
    expect(shown(client)).toEqual(['user: x', 'agent: Slowly but surely.'])
  })

  test('lists, renames and deletes sessions of its own person', async () => {
    person = await server.main.newPerson()
    const { client } = newClient()
    await client.sendMessage('look')
    const sessionId = client.getConfig().sessionId!
    await person.client.createSession({ agent: 'echo' })
    expect(await client.fetchSessions()).toMatchObject([{ session_id: sessionId, session_name: 'look' }])
    await client.renameSession(sessionId, 'Tea')
    expect(await client.fetchSessions()).toMatchObject([{ session_name: 'Tea' }])
    const made = await client.createSession({ session_name: 'Later', metadata: { table: 3 } })
    expect(made).toMatchObject({ session_name: 'Later', metadata: { table: 3 }, agent_id: 'waiter' })
    const stranger = newClient((await server.main.newPerson()).token).client
    await expect(stranger.loadSession(sessionId)).rejects.toThrow()
    await expect(stranger.deleteSession(sessionId)).rejects.toThrow()
    expect(await stranger.fetchSessions()).toEqual([])
    await client.deleteSession(sessionId)
    expect(await client.fetchSessions()).toMatchObject([{ session_name: 'Later' }])
    await client.deleteMultipleSessions([made.session_id])
    expect(await client.fetchSessions()).toEqual([])
  })

  test('gets a new token when its own has ended', async () => {
    const identity = { id: person.id, organizationId: server.main.organizationId }
    const expired = await forgeToken(server.secret, identity, { expiresIn: -10 })
    const { client } = newClient(expired, { onTokenExpired: () => Promise.resolve(person.token) })
    await client.fetchAgents()
    await client.sendMessage('look')
    expect(shown(client).at(-1)).toBe('agent: Tea is 3 euros.')
  })
})

describe('whoever asks wrongly is told so', () => {
  const ask = async (method: string, path: string, init: RequestInit & { token?: string | null } = {}) => {
    const { token = person.token, ...rest } = init
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(rest.headers as Record<string, string>) }
    const answer = await fetch(`${server.url}/agno${path}`, { ...rest, method, headers })
    return { status: answer.status, body: (await answer.json()) as { detail?: string } }
  }
  const form = (fields: Record<string, string | Blob>) => {
    const data = new FormData()
    for (const [name, value] of Object.entries(fields)) data.append(name, value)
    return { body: data }
  }
  const json = (body: string) => ({ body, headers: { 'content-type': 'application/json' } })
  const RUNS = '/agents/waiter/runs'
  const NO_RUN = 'run_00000000000000000000000000'

  test.each<[string, () => ReturnType<typeof ask>, number]>([
    ['without a token', () => ask('GET', '/sessions', { token: null }), 401],
    ['with a publishable key', () => ask('GET', '/sessions', { token: server.main.publishableKey }), 403],
    ['an unknown agent', () => ask('POST', '/agents/nobody/runs', form({ message: 'x' })), 404],
    ['a name that no agent can have', () => ask('POST', '/agents/%00/runs', form({ message: 'x' })), 404],
    ['sessions of such an agent', () => ask('GET', '/sessions?component_id=%00'), 404],
    ['an unknown session', () => ask('POST', RUNS, form({ message: 'x', session_id: 'mine' })), 404],
    ['an unknown run', () => ask('POST', `${RUNS}/${NO_RUN}/cancel`), 404],
    ['no message', () => ask('POST', RUNS, form({ stream: 'true' })), 400],
    ['a file', () => ask('POST', RUNS, form({ message: 'x', files: new Blob(['x']) })), 400],
    ['no form', () => ask('POST', RUNS, json('{}')), 400],
    [
      'a broken form',
      () => ask('POST', RUNS, { body: '--x', headers: { 'content-type': 'multipart/form-data; boundary=x' } }),
      400,
    ],
    ['too large', () => ask('POST', RUNS, form({ message: 'x'.repeat(2_000_000) })), 413],
    ['broken JSON', () => ask('POST', '/sessions', json('{')), 400],
    ['a session of no agent', () => ask('POST', '/sessions', json('{}')), 400],
    [
      'what can’t be stored',
      () => ask('POST', '/sessions', json('{"agent_id":"waiter","session_name":"\\u0000"}')),
      400,
    ],
  ])('%s', async (_what, request, status) => {
    const { status: answered, body } = await request()
    expect({ answered, detail: typeof body.detail }).toEqual({ answered: status, detail: 'string' })
  })

  test('a run that waits for nothing can’t be continued, nor a pause with what it didn’t ask', async () => {
    const { client } = newClient()
    await client.sendMessage('where')
    const runId = client.getState().pausedRunId!
    const path = `${RUNS}/${runId}/continue`
    expect(await ask('POST', path, form({ tools: '{' }))).toMatchObject({ status: 400 })
    expect(await ask('POST', path, form({ tools: '[{}]' }))).toMatchObject({ status: 400 })
    expect(await ask('POST', path, form({ tools: '[{"tool_call_id":"other"}]' }))).toMatchObject({ status: 400 })
    await client.continueRun([{ ...client.getState().toolsAwaitingExecution![0]!, result: 1 }])
    expect(await ask('POST', path, form({ tools: '[{"tool_call_id":"p1"}]' }))).toMatchObject({ status: 409 })
  })
})
