import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { OpenAiSettings } from '@shared/domain/agents'
import type { Run } from '@shared/domain/objects'
import { type ChatServer, startChatServer } from '../../../test/server/chatCompletions.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

const SETTINGS: OpenAiSettings = {
  model: 'small',
  apiKey: 'sk-very-secret',
  system: 'Be brief.',
  tools: [{ name: 'find_table', parameters: { type: 'object', properties: { seats: { type: 'integer' } } } }],
}

let server: TestServer
let endpoint: ChatServer
let person: Person

beforeAll(async () => {
  endpoint = await startChatServer()
  server = await startTestServer()
  const url = `${endpoint.url}/chat/completions`
  await server.main.publish({ name: 'model', url, protocol: 'openai', openai: SETTINGS })
  person = await server.main.newPerson()
})

afterAll(async () => {
  await server?.close()
  await endpoint?.close()
})

const sent = () => endpoint.requests.at(-1)!.body.messages
const dataOf = (items: { data: object }[]) => items.map(({ data }) => data)

test('a conversation with a model goes through a tool call that somebody else answers', async () => {
  const { id } = await person.client.createSession({ agent: 'model' })
  endpoint.say({ text: ['Hello, ', 'how can I help?'] })
  const first = await person.client.ask(id, 'Hi')
  expect(first.run).toMatchObject({ status: 'completed', usage: { inputTokens: 19, outputTokens: 10, model: 'small' } })
  expect(dataOf(first.items).at(-1)).toEqual({ type: 'message', role: 'assistant', content: 'Hello, how can I help?' })

  endpoint.say({ text: ['Let me see.'], calls: [{ id: 'call_a', name: 'find_table', arguments: ['{"se', 'ats":4}'] }] })
  const { run } = await person.client.ask(id, 'A table for four')
  const call = { callId: 'call_a', name: 'find_table', arguments: { seats: 4 } }
  expect(run).toMatchObject({ status: 'paused', pause: { toolCalls: [call] } })

  endpoint.say({ text: ['There is one at eight.'] })
  const toolResults = [{ callId: 'call_a', output: { at: '20:00' } }]
  await person.client.post<Run>(`/v1/runs/${run.id}/resume`, { pauseId: run.pause!.pauseId, toolResults })
  await eventually(async () => (await person.client.readRun(run.id)).status === 'completed')
  const turns = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello, how can I help?' },
    { role: 'user', content: 'A table for four' },
    { role: 'assistant', content: 'Let me see.' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_a', type: 'function', function: { name: 'find_table', arguments: '{"seats":4}' } }],
    },
    { role: 'tool', tool_call_id: 'call_a', content: '{"at":"20:00"}' },
  ]
  expect(sent()).toEqual(turns)

  // The history holds the call and its result for all later turns.
  await person.client.ask(id, 'Take it')
  expect(sent()).toEqual([
    ...turns,
    { role: 'assistant', content: 'There is one at eight.' },
    { role: 'user', content: 'Take it' },
  ])
})

test('the endpoint gets its key and nothing of ours, and the key stands nowhere in the database', async () => {
  const { id } = await person.client.createSession({ agent: 'model' })
  await person.client.ask(id, 'Hi')
  const { headers } = endpoint.requests.at(-1)!
  expect(headers).toMatchObject({ authorization: 'Bearer sk-very-secret' })
  expect(Object.keys(headers).filter((name) => /^(agentview|webhook)-/.test(name))).toEqual([])
  const stored = await server.rows<{ text: string }>('select definition::text as text from agent_versions')
  expect(stored.map(({ text }) => text).join()).not.toContain('sk-very-secret')
})

test('a refusal is tried again, without the endpoint’s words when it stays one', async () => {
  const { id } = await person.client.createSession({ agent: 'model' })
  endpoint.say({ status: 503 }, { text: ['Now.'] })
  expect((await person.client.ask(id, 'Hi')).run).toMatchObject({
    status: 'completed',
    attempts: [{ outcome: 'failed' }, { outcome: 'completed' }],
  })
  endpoint.say({ status: 401 })
  const { run } = await person.client.ask(id, 'Hi')
  expect(run).toMatchObject({ status: 'failed', error: { code: 'agent_status' } })
  expect(JSON.stringify(run)).not.toContain('Refused with')
})

test('a run that is cancelled hangs up on the endpoint', async () => {
  const { id } = await person.client.createSession({ agent: 'model' })
  endpoint.say({ hangsAfter: 'Let me think' })
  const asked = endpoint.requests.length
  const { body } = await person.client.post<{ run: Run }>(`/v1/sessions/${id}/messages`, { input: 'Hi' })
  await eventually(() => endpoint.requests.length > asked)
  const before = endpoint.hungUp()
  await person.client.post(`/v1/runs/${body.run.id}/cancel`, {})
  await eventually(() => endpoint.hungUp() > before)
})
