import type { Frame } from '@agentview/agent'
import { request } from '../../../sdk/agent/test/serving.ts'
import { type ChatServer, startChatServer } from '../../../test/server/chatCompletions.ts'
import { modelAgent } from '../agent.ts'
import { messagesOf } from '../messages.ts'

let server: ChatServer
const { error: logError } = console

beforeEach(async () => {
  server = await startChatServer()
  // The ai package logs what goes wrong.
  console.error = () => undefined
})

afterEach(async () => {
  console.error = logError
  await server.close()
})

const user = (content: string) => ({ type: 'message', role: 'user', content })
const assistant = (content: string) => ({ type: 'message', role: 'assistant', content })

/** The frames of one turn, up to an error. */
async function ask(items: ReturnType<typeof user>[] = [], signal = new AbortController().signal) {
  const agent = modelAgent({ baseURL: server.url, apiKey: 'sk-test', model: 'small', system: 'Be brief.' })
  const frames: (Frame | string)[] = []
  let failure: unknown = null
  try {
    for await (const frame of agent.answer({ ...request, items, inputs: [user('Hello?')] }, { signal }))
      frames.push(frame)
  } catch (error) {
    failure = error
  }
  return { frames, failure }
}

test('a model’s words become an item, its tokens the usage', async () => {
  server.say({ text: ['Good ', 'day'] })
  const { frames } = await ask([user('Hi'), assistant('Yes?')])
  expect(frames).toEqual([
    { event: 'text', id: expect.any(String), delta: 'Good ' },
    { event: 'text', id: expect.any(String), delta: 'day' },
    { event: 'item.done', id: expect.any(String) },
    { event: 'usage', model: 'small', inputTokens: 19, outputTokens: 10 },
  ])
  expect(server.requests).toHaveLength(1)
  expect(server.requests[0]!.headers).toMatchObject({ authorization: 'Bearer sk-test' })
  expect(server.requests[0]!.body).toMatchObject({
    model: 'small',
    stream: true,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Yes?' },
      { role: 'user', content: 'Hello?' },
    ],
  })
})

test('a tool that the model calls is carried out, and the model asked again', async () => {
  server.say(
    { calls: [{ id: 'call_1', name: 'days_between', arguments: ['{"from":"2026-01-01",', '"to":"2026-03-01"}'] }] },
    { text: ['59 days.'] },
  )
  const { frames } = await ask()
  expect(frames).toMatchObject([
    {
      event: 'item',
      item: {
        type: 'tool_call',
        callId: 'call_1',
        name: 'days_between',
        arguments: { from: '2026-01-01', to: '2026-03-01' },
      },
    },
    { event: 'item', item: { type: 'tool_result', callId: 'call_1', result: { days: 59 } } },
    { event: 'text', delta: '59 days.' },
    { event: 'item.done' },
    { event: 'usage', inputTokens: 38, outputTokens: 20 },
  ])
  expect(server.requests[1]!.body.messages.slice(-2)).toMatchObject([
    { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'days_between' } }] },
    { role: 'tool', tool_call_id: 'call_1', content: '{"days":59}' },
  ])
})

test('a tool that fails says why to the model', async () => {
  server.say(
    { calls: [{ id: 'call_1', name: 'days_between', arguments: ['{"from":"never","to":"2026-03-01"}'] }] },
    { text: ['I can not tell.'] },
  )
  const { frames, failure } = await ask()
  expect(failure).toBeNull()
  expect(frames[1]).toMatchObject({
    item: { type: 'tool_result', isError: true, result: expect.stringMatching('not both') },
  })
})

test.each([
  ['429', { status: 429 }, true],
  ['500', { status: 500 }, true],
  ['400', { status: 400 }, false],
  ['401', { status: 401 }, false],
  ['a connection that breaks', { breaksAfter: 'Well' }, true],
])('%s of the endpoint fails the run without its words', async (_what, reply, retryable) => {
  server.say(reply)
  const { failure } = await ask()
  expect(failure).toMatchObject({ message: 'The model did not answer.', code: 'model_error', retryable })
  // AgentView tries again, not the example.
  expect(server.requests).toHaveLength(1)
})

test('a run that is cancelled ends the model’s answer', async () => {
  server.say({ hangsAfter: 'Let me think' })
  const gone = new AbortController()
  const asked = ask([], gone.signal)
  while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  gone.abort()
  await asked
  while (server.hungUp() === 0) await new Promise((resolve) => setTimeout(resolve, 2))
})

test('a call without its result, and what is no message, is not told to the model', () => {
  expect(
    messagesOf([
      user('Hi'),
      { type: 'tool_call', callId: 'lost', name: 'look_up', arguments: {} },
      { type: 'tool_call', callId: 'kept', name: 'look_up', arguments: { of: 1 } },
      { type: 'tool_result', callId: 'kept', result: [1] },
      { type: 'bill', total: 3 },
      assistant(''),
    ]),
  ).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'kept', toolName: 'look_up', input: { of: 1 } }] },
    {
      role: 'tool',
      content: [{ type: 'tool-result', toolCallId: 'kept', toolName: 'look_up', output: { type: 'json', value: [1] } }],
    },
  ])
})
