import { describe, expect, test } from '@jest/globals'
import type { JsonObject } from '@shared/domain/json'
import { agUiMessages } from '../../protocols/ag-ui/agUiMessages.ts'

/** Items of two runs, each from its beginning; the first one is over. */
function messagesOf(past: JsonObject[], now: JsonObject[] = []) {
  const placed = (items: JsonObject[], runNo: number, isPast: boolean) =>
    items.map((data, index) => ({ data, runNo, index, isPast }))
  return agUiMessages([...placed(past, 1, true), ...placed(now, 2, false)])
}

const user = (content: string | JsonObject[]): JsonObject => ({ type: 'message', role: 'user', content })
const said = (id: string, content: string): JsonObject => ({ type: 'message', id, role: 'assistant', content })
const call = (callId: string, more: JsonObject = {}): JsonObject => ({
  type: 'tool_call',
  callId,
  name: 'now',
  arguments: {},
  ...more,
})
const result = (callId: string, value: string, more: JsonObject = {}): JsonObject => ({
  type: 'tool_result',
  callId,
  result: value,
  ...more,
})
const called = (...ids: string[]) =>
  ids.map((id) => ({ id, type: 'function', function: { name: 'now', arguments: '{}' } }))

describe('items become messages:', () => {
  test.each<[string, JsonObject[], JsonObject[], object[]]>([
    [
      'a conversation',
      [user('Hi'), said('m', 'Yes?')],
      [user('So')],
      [
        { id: 'item-1-0', role: 'user', content: 'Hi' },
        { id: 'm', role: 'assistant', content: 'Yes?' },
        { id: 'item-2-0', role: 'user', content: 'So' },
      ],
    ],
    [
      'parts that AG-UI knows',
      [],
      [
        user([
          { type: 'text', text: 'a' },
          { type: 'image', source: { type: 'url', value: 'https://x' } },
        ]),
      ],
      [
        {
          id: 'item-2-0',
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image', source: { type: 'url', value: 'https://x' } },
          ],
        },
      ],
    ],
    [
      'parts that it does not know',
      [],
      [user([{ type: 'image_url', image_url: 'https://x' }])],
      [{ id: 'item-2-0', role: 'user', content: '[{"type":"image_url","image_url":"https://x"}]' }],
    ],
    [
      'items of other kinds',
      [],
      [
        { type: 'order', no: 7 },
        { type: 'message', role: 'nobody', content: { a: 1 } },
        { type: 'reasoning', content: 7 },
      ],
      [
        { id: 'item-2-0', role: 'user', content: '{"type":"order","no":7}' },
        { id: 'item-2-1', role: 'user', content: '{"a":1}' },
        { id: 'item-2-2', role: 'user', content: '{"type":"reasoning","content":7}' },
      ],
    ],
    [
      'what is said to the model',
      [],
      [
        { type: 'message', role: 'developer', content: 'x' },
        { type: 'reasoning', id: 'r', content: 'Hm', subagentRunId: 's' },
      ],
      [
        { id: 'item-2-0', role: 'developer', content: 'x' },
        { id: 'r', role: 'reasoning', content: 'Hm', subagentRunId: 's' },
      ],
    ],
    [
      'nothing of activities and interrupts',
      [
        { type: 'activity', content: {} },
        { type: 'interrupt', id: 'i' },
        { type: 'interrupt_answer', id: 'i' },
      ],
      [],
      [],
    ],
    [
      'a call in the message that it belongs to',
      [
        said('m', 'See:'),
        call('c', { messageId: 'm' }),
        call('d', { messageId: 'm' }),
        result('d', '2'),
        result('c', '1', { id: 't' }),
      ],
      [],
      [
        { id: 'm', role: 'assistant', content: 'See:', toolCalls: called('c', 'd') },
        { id: 'item-1-3', role: 'tool', toolCallId: 'd', content: '2' },
        { id: 't', role: 'tool', toolCallId: 'c', content: '1' },
      ],
    ],
    [
      'a call of no message in one of its own',
      [call('c'), call('d'), result('c', '1'), result('d', '2')],
      [],
      [
        { id: 'c', role: 'assistant', toolCalls: called('c') },
        { id: 'item-1-2', role: 'tool', toolCallId: 'c', content: '1' },
        { id: 'd', role: 'assistant', toolCalls: called('d') },
        { id: 'item-1-3', role: 'tool', toolCallId: 'd', content: '2' },
      ],
    ],
    [
      'a call before its message',
      [call('c', { messageId: 'm' }), result('c', '1'), said('m', 'So')],
      [],
      [
        { id: 'm', role: 'assistant', toolCalls: called('c'), content: 'So' },
        { id: 'item-1-1', role: 'tool', toolCallId: 'c', content: '1' },
      ],
    ],
    [
      'a result right behind its call, wherever it came',
      [call('c'), said('m', 'Wait'), result('c', '1')],
      [],
      [
        { id: 'c', role: 'assistant', toolCalls: called('c') },
        { id: 'item-1-2', role: 'tool', toolCallId: 'c', content: '1' },
        { id: 'm', role: 'assistant', content: 'Wait' },
      ],
    ],
    [
      'a failed result',
      [call('c'), result('c', 'no', { isError: true })],
      [],
      [
        { id: 'c', role: 'assistant', toolCalls: called('c') },
        { id: 'item-1-1', role: 'tool', toolCallId: 'c', content: 'no', error: 'no' },
      ],
    ],
    [
      'nothing of a past call that nobody answered',
      [said('m', 'x'), call('c', { messageId: 'm' })],
      [],
      [{ id: 'm', role: 'assistant', content: 'x' }],
    ],
    [
      'a call of this run that nobody has answered yet',
      [],
      [call('c')],
      [{ id: 'c', role: 'assistant', toolCalls: called('c') }],
    ],
    ['nothing of a result without a call', [result('c', 'x')], [], []],
    [
      'arguments that are no JSON as they were written',
      [],
      [call('c', { arguments: '{"a"' })],
      [
        {
          id: 'c',
          role: 'assistant',
          toolCalls: [{ id: 'c', type: 'function', function: { name: 'now', arguments: '{"a"' } }],
        },
      ],
    ],
    [
      'a call that went on, once',
      [],
      [call('c', { arguments: '[1' }), call('c', { arguments: [1, 2] })],
      [
        {
          id: 'c',
          role: 'assistant',
          toolCalls: [{ id: 'c', type: 'function', function: { name: 'now', arguments: '[1,2]' } }],
        },
      ],
    ],
    [
      'a message that went on, once',
      [],
      [said('m', 'a'), said('m', 'b')],
      [{ id: 'm', role: 'assistant', content: 'ab' }],
    ],
    [
      'ids that come again in a later run',
      [said('m', 'a'), call('c'), result('c', '1')],
      [said('m', 'b'), call('c'), result('c', '2')],
      [
        { id: 'm', role: 'assistant', content: 'a' },
        { id: 'c', role: 'assistant', toolCalls: called('c') },
        { id: 'item-1-2', role: 'tool', toolCallId: 'c', content: '1' },
        { id: 'item-2-0', role: 'assistant', content: 'b' },
        { id: 'item-2-1', role: 'assistant', toolCalls: called('c') },
        { id: 'item-2-2', role: 'tool', toolCallId: 'c', content: '2' },
      ],
    ],
    [
      'ids that come again after their answer',
      [],
      [call('c'), result('c', '1'), call('c', { arguments: [2] }), result('c', '2')],
      [
        { id: 'c', role: 'assistant', toolCalls: called('c') },
        { id: 'item-2-1', role: 'tool', toolCallId: 'c', content: '1' },
        {
          id: 'item-2-2',
          role: 'assistant',
          toolCalls: [{ id: 'c', type: 'function', function: { name: 'now', arguments: '[2]' } }],
        },
        { id: 'item-2-3', role: 'tool', toolCallId: 'c', content: '2' },
      ],
    ],
    [
      'what is encrypted where it belongs',
      [
        { type: 'reasoning', id: 'r', content: 'Hm' },
        call('c'),
        result('c', '1'),
        { type: 'encrypted_value', subtype: 'message', entityId: 'r', encryptedValue: 'x' },
        { type: 'encrypted_value', subtype: 'tool-call', entityId: 'c', encryptedValue: 'y' },
        { type: 'encrypted_value', subtype: 'message', entityId: 'unknown', encryptedValue: 'z' },
      ],
      [],
      [
        { id: 'r', role: 'reasoning', content: 'Hm', encryptedValue: 'x' },
        { id: 'c', role: 'assistant', toolCalls: [{ ...called('c')[0], encryptedValue: 'y' }] },
        { id: 'item-1-2', role: 'tool', toolCallId: 'c', content: '1' },
      ],
    ],
  ])('%s', (_what, past, now, messages) => {
    expect(messagesOf(past, now)).toEqual(messages)
  })
})
