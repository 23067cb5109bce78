import { describe, expect, test } from '@jest/globals'
import type { ChatCompletionCreateParamsStreaming, ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { JsonObject } from '@shared/domain/json'
import { request as sample } from '../../../../sdk/agent/test/serving.ts'
import { type ChatMessage, chatMessages } from '../../protocols/openai/chatMessages.ts'
import { chatBody, chatHeaders } from '../../protocols/openai/chatRequest.ts'

const user = (content: JsonObject[string]): JsonObject => ({ type: 'message', role: 'user', content })
const assistant = (content: string): JsonObject => ({ type: 'message', role: 'assistant', content })
const call = (callId: string, name = 'look_up'): JsonObject => ({
  type: 'tool_call',
  callId,
  name,
  arguments: { of: callId },
})
const result = (callId: string, value: JsonObject[string]): JsonObject => ({
  type: 'tool_result',
  callId,
  result: value,
})

const called = (...ids: string[]) => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => ({
    id,
    type: 'function',
    function: { name: 'look_up', arguments: JSON.stringify({ of: id }) },
  })),
})
const answered = (tool_call_id: string, content: string) => ({ role: 'tool', tool_call_id, content })

const messages = (items: JsonObject[], more: Partial<typeof sample> = {}) =>
  chatMessages({ ...sample, items, inputs: [user('Now?')], ...more }, undefined)

/** A user's parts are whatever the user has sent. */
type Told = Exclude<ChatMessage, { role: 'user' }> | { role: 'user'; content: string }
type Rest = Omit<ReturnType<typeof chatBody>, 'messages'>
/** Compiles only while the official client could send the same. */
export const CLIENT_COULD_SEND_IT: [
  Told extends ChatCompletionMessageParam ? true : never,
  Rest extends Omit<ChatCompletionCreateParamsStreaming, 'messages'> ? true : never,
] = [true, true]

describe('a conversation as messages', () => {
  test('begins with what the model is told, and ends with what began the run', () => {
    const request = { ...sample, items: [user('Hi'), assistant('Yes?')], inputs: [user('One'), user('Two')] }
    expect(chatMessages(request, 'Be brief.')).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Yes?' },
      { role: 'user', content: 'One' },
      { role: 'user', content: 'Two' },
    ])
  })

  test('keeps a user’s parts as they are, and tells other items in JSON', () => {
    const parts = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: 'data:,' } },
    ]
    expect(messages([user(parts), { type: 'order', of: 'tea' }]).slice(0, 2)).toEqual([
      { role: 'user', content: parts },
      { role: 'user', content: '{"type":"order","of":"tea"}' },
    ])
  })

  test.each<[string, JsonObject[], object[]]>([
    [
      'calls in a row are one message',
      [call('a'), call('b'), result('b', 'B'), result('a', 'A')],
      [called('a', 'b'), answered('a', 'A'), answered('b', 'B')],
    ],
    [
      'calls one by one are one each',
      [call('a'), result('a', 'A'), call('b'), result('b', { x: 1 })],
      [called('a'), answered('a', 'A'), called('b'), answered('b', '{"x":1}')],
    ],
    [
      'a call without its result is left out',
      [call('a'), call('b'), result('b', null)],
      [called('b'), answered('b', 'null')],
    ],
    ['a result without its call is left out', [result('a', 'A')], []],
    [
      'an id that comes again has its own result',
      [call('a'), result('a', '1'), call('a'), result('a', '2')],
      [called('a'), answered('a', '1'), called('a'), answered('a', '2')],
    ],
    [
      'an id whose first call was never answered',
      [call('a'), assistant('Hm.'), call('a'), result('a', '2')],
      [{ role: 'assistant', content: 'Hm.' }, called('a'), answered('a', '2')],
    ],
  ])('%s', (_what, items, wanted) => {
    expect(messages(items)).toEqual([...wanted, { role: 'user', content: 'Now?' }])
  })

  test('goes on after a pause with what was answered', () => {
    const runItems = [assistant('Let me see.'), call('a'), call('b'), call('c')]
    const toolResults = [
      { callId: 'a', output: { seats: 4 } },
      { callId: 'b', approved: false, reason: 'too dear' },
      { callId: 'c', output: 'broken', isError: true },
    ]
    expect(messages([], { runItems, toolResults })).toEqual([
      { role: 'user', content: 'Now?' },
      { role: 'assistant', content: 'Let me see.' },
      called('a', 'b', 'c'),
      answered('a', '{"seats":4}'),
      answered('b', '{"approved":false,"reason":"too dear"}'),
      answered('c', 'broken'),
    ])
  })
})

describe('a request', () => {
  const tool = { name: 'look_up', description: 'Looks up.', parameters: { type: 'object' } }

  test('has what the settings add, but for what is ours', () => {
    const parameters = { temperature: 0, model: 'dear', stream: false, messages: [] }
    expect(chatBody(sample, { model: 'small', parameters, tools: [tool] })).toEqual({
      temperature: 0,
      model: 'small',
      messages: chatMessages(sample, undefined),
      tools: [{ type: 'function', function: tool }],
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  test('carries the key, and nothing of ours', () => {
    expect(chatHeaders({ model: 'small', apiKey: 'sk-1' })).toEqual({
      'content-type': 'application/json',
      accept: 'text/event-stream, application/json',
      authorization: 'Bearer sk-1',
    })
    expect(chatHeaders({ model: 'small' })).not.toHaveProperty('authorization')
  })
})
