import { describe, expect, test } from '@jest/globals'
import { AgentFailure } from '../../agentFailure.ts'
import { completionReader } from '../../protocols/openai/readCompletion.ts'

const chunk = (delta: object, more: object = {}) =>
  JSON.stringify({ model: 'small-1', choices: [{ index: 0, delta }], ...more })
const part = (index: number, given: object) => chunk({ tool_calls: [{ index, ...given }] })

/** The frames of these events, one after the other. */
const read = (events: string[], toolResults: Parameters<typeof completionReader>[0]['toolResults'] = []) => {
  const reader = completionReader({ toolResults })
  return events.flatMap((data) => reader.event(data))
}
const names = (events: string[]) => read(events).map(({ name }) => name)

function failureOf(events: string[]): AgentFailure {
  try {
    read(events)
  } catch (error) {
    if (error instanceof AgentFailure) return error
    throw error
  }
  throw new Error('nothing was wrong')
}

describe('an answer', () => {
  test('is text, then usage, then the end', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
    const events = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Good ' }),
      chunk({ content: 'day' }),
      chunk({}),
    ]
    expect(read([...events, JSON.stringify({ model: 'small-1', choices: [], usage }), '[DONE]'])).toEqual([
      { name: 'text', data: { delta: 'Good ' } },
      { name: 'text', data: { delta: 'day' } },
      { name: 'usage', data: { inputTokens: 3, outputTokens: 2, model: 'small-1' } },
      { name: 'done', data: {} },
    ])
  })

  test('of nothing is an empty text', () => {
    expect(read([chunk({}), '[DONE]'])).toEqual([
      { name: 'text', data: { delta: '' } },
      { name: 'done', data: {} },
    ])
  })

  test('may be a refusal', () => {
    expect(read([chunk({ content: null, refusal: 'I can not.' })])).toEqual([
      { name: 'text', data: { delta: 'I can not.' } },
    ])
  })

  test('tells the last usage alone', () => {
    const usage = (completion_tokens: number) =>
      chunk({ content: 'a' }, { usage: { prompt_tokens: 1, completion_tokens } })
    expect(read([usage(1), usage(2), '[DONE]']).filter(({ name }) => name === 'usage')).toMatchObject([
      { data: { outputTokens: 2 } },
    ])
  })

  test('that calls tools pauses with whole calls', () => {
    const frames = read([
      chunk({ content: 'Let me see.' }),
      part(0, { id: 'a', function: { name: 'look_up', arguments: '' } }),
      part(0, { function: { arguments: '{"of":' } }),
      part(1, { id: 'b', function: { name: 'now', arguments: '' } }),
      part(0, { function: { arguments: '"tea"}' } }),
      '[DONE]',
    ])
    const toolCalls = [
      { callId: 'a', name: 'look_up', arguments: { of: 'tea' } },
      { callId: 'b', name: 'now', arguments: {} },
    ]
    expect(frames).toEqual([
      { name: 'text', data: { delta: 'Let me see.' } },
      ...toolCalls.map((call) => ({ name: 'item', data: { item: { type: 'tool_call', ...call } } })),
      { name: 'pause', data: { toolCalls } },
    ])
  })

  test('that calls tools without ids gets some', () => {
    expect(
      read([part(0, { function: { name: 'now' } }), part(1, { function: { name: 'now' } }), '[DONE]']).at(-1),
    ).toMatchObject({
      data: { toolCalls: [{ callId: 'call_1' }, { callId: 'call_2' }] },
    })
  })

  test('begins with what was answered to the calls of the pause before', () => {
    const results = [
      { callId: 'a', output: 'tea' },
      { callId: 'b', approved: true },
      { callId: 'c', output: 'no', isError: true },
    ]
    expect(read([chunk({ content: 'So:' }), '[DONE]'], results).slice(0, 4)).toEqual([
      { name: 'item', data: { item: { type: 'tool_result', callId: 'a', result: 'tea' } } },
      { name: 'item', data: { item: { type: 'tool_result', callId: 'b', result: { approved: true } } } },
      { name: 'item', data: { item: { type: 'tool_result', callId: 'c', result: 'no', isError: true } } },
      { name: 'text', data: { delta: 'So:' } },
    ])
  })

  test('in one piece says the same', () => {
    const message = {
      role: 'assistant',
      content: 'Good day',
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'now', arguments: '{}' } }],
    }
    const text = JSON.stringify({ model: 'm', choices: [{ index: 0, message }], usage: { prompt_tokens: 1 } })
    expect(
      completionReader({ toolResults: [] })
        .whole(text)
        .map(({ name }) => name),
    ).toEqual(['text', 'item', 'usage', 'pause'])
  })

  test('may hold what endpoints add', () => {
    const event = JSON.stringify({
      id: 1,
      x: {},
      choices: [{ delta: { content: 'a', reasoning: 'b' }, logprobs: null, y: 1 }],
      usage: null,
    })
    expect(names([event, '[DONE]'])).toEqual(['text', 'done'])
  })
})

describe('an answer that is wrong', () => {
  test.each<[string, string[], string, boolean]>([
    ['is no JSON', ['Hello'], 'invalid_output', false],
    ['is no completion', ['{"choices":7}'], 'invalid_output', false],
    ['is an error in the middle', [chunk({ content: 'a' }), '{"error":{"message":"overloaded"}}'], 'model_error', true],
    ['leaves out a call', [part(1, { id: 'b' })], 'invalid_output', false],
    ['calls a tool without a name', [part(0, { id: 'a' }), '[DONE]'], 'invalid_output', false],
    [
      'calls a tool with half of its arguments',
      [part(0, { id: 'a', function: { name: 'n', arguments: '{' } }), '[DONE]'],
      'invalid_tool_call',
      true,
    ],
    [
      'calls a tool with what can not be stored',
      [part(0, { id: 'a', function: { name: 'n', arguments: '{"a":"\\u0000"}' } }), '[DONE]'],
      'invalid_output',
      false,
    ],
    [
      'calls a tool with arguments too deep',
      [part(0, { id: 'a', function: { name: 'n', arguments: '['.repeat(100) + ']'.repeat(100) } }), '[DONE]'],
      'invalid_output',
      false,
    ],
  ])('%s', (_what, events, code, retryable) => {
    expect(failureOf(events)).toMatchObject({ code, retryable })
  })

  test('does not tell the endpoint’s own words', () => {
    const { message } = failureOf(['{"error":{"message":"key sk-secret is over its quota"}}'])
    expect(message).not.toContain('sk-secret')
  })
})
