import { describe, expect, test } from '@jest/globals'
import type { Json, JsonObject } from '@shared/domain/json'
import { type Said, type Situation, framesOf, legOf, text, toolCall } from './reading.ts'

const message = (id: string, content: string): JsonObject => ({ type: 'message', id, role: 'assistant', content })
const STARTED = { type: 'RUN_STARTED' }
const FINISHED = { type: 'RUN_FINISHED' }

describe('what an agent says becomes items', () => {
  test.each<[string, Said[], JsonObject[]]>([
    ['a message', text('m1', 'Good ', 'day'), [message('m1', 'Good day')]],
    ['a message of nothing', text('m1'), [message('m1', '')]],
    ['nothing at all', [], [{ type: 'message', role: 'assistant', content: '' }]],
    [
      'a message with a role and a name',
      [
        { type: 'TEXT_MESSAGE_START', messageId: 'm1', role: 'system', name: 'Ann' },
        { type: 'TEXT_MESSAGE_END', messageId: 'm1' },
      ],
      [{ type: 'message', id: 'm1', role: 'system', name: 'Ann', content: '' }],
    ],
    [
      'messages at the same time',
      [
        { type: 'TEXT_MESSAGE_START', messageId: 'a' },
        { type: 'TEXT_MESSAGE_START', messageId: 'b', subagentRunId: 's' },
        { type: 'TEXT_MESSAGE_CONTENT', messageId: 'a', delta: '1' },
        { type: 'TEXT_MESSAGE_CONTENT', messageId: 'b', delta: '2' },
        { type: 'TEXT_MESSAGE_CONTENT', messageId: 'a', delta: '3' },
        { type: 'TEXT_MESSAGE_END', messageId: 'b' },
        { type: 'TEXT_MESSAGE_END', messageId: 'a' },
      ],
      [message('a', '13'), { ...message('b', '2'), subagentRunId: 's' }],
    ],
    ['half a character, and its other half', text('m1', 'a\ud83c', '\udf89b'), [message('m1', 'a🎉b')]],
    [
      'reasoning',
      [
        { type: 'REASONING_START', messageId: 'r' },
        { type: 'REASONING_MESSAGE_START', messageId: 'r', role: 'reasoning' },
        { type: 'REASONING_MESSAGE_CONTENT', messageId: 'r', delta: 'Hm' },
        { type: 'REASONING_MESSAGE_END', messageId: 'r' },
        { type: 'REASONING_ENCRYPTED_VALUE', subtype: 'message', entityId: 'r', encryptedValue: 'x' },
        { type: 'REASONING_END', messageId: 'r' },
      ],
      [
        { type: 'reasoning', id: 'r', content: 'Hm' },
        { type: 'encrypted_value', subtype: 'message', entityId: 'r', encryptedValue: 'x' },
      ],
    ],
    [
      'thoughts, as they were told before 1.0',
      [
        { type: 'THINKING_START', title: 'x' },
        { type: 'THINKING_TEXT_MESSAGE_START' },
        { type: 'THINKING_TEXT_MESSAGE_CONTENT', delta: 'Hm' },
        { type: 'THINKING_TEXT_MESSAGE_END' },
        { type: 'THINKING_TEXT_MESSAGE_START' },
        { type: 'THINKING_TEXT_MESSAGE_END' },
        { type: 'THINKING_END' },
      ],
      [
        { type: 'reasoning', id: 'thought-1', content: 'Hm' },
        { type: 'reasoning', id: 'thought-2', content: '' },
      ],
    ],
    [
      'a tool call and its result',
      [
        ...toolCall('c1', 'look_up', ['{"of"', ':"tea"}'], { parentMessageId: 'm1' }),
        { type: 'TOOL_CALL_RESULT', messageId: 't1', toolCallId: 'c1', content: 'green' },
      ],
      [
        { type: 'tool_call', callId: 'c1', name: 'look_up', messageId: 'm1', arguments: { of: 'tea' } },
        { type: 'tool_result', callId: 'c1', id: 't1', result: 'green' },
      ],
    ],
    [
      'a tool call of nothing',
      toolCall('c1', 'now', []),
      [{ type: 'tool_call', callId: 'c1', name: 'now', arguments: {} }],
    ],
    [
      'a tool call whose arguments are no JSON, which is the agent’s business',
      toolCall('c1', 'now', ['{"a":']),
      [{ type: 'tool_call', callId: 'c1', name: 'now', arguments: '{"a":' }],
    ],
    [
      'a tool call that is begun anew and goes on',
      [...toolCall('c1', 'now', ['[1']), ...toolCall('c1', 'now', [',2]'])],
      [
        { type: 'tool_call', callId: 'c1', name: 'now', arguments: '[1' },
        { type: 'tool_call', callId: 'c1', name: 'now', arguments: [1, 2] },
      ],
    ],
    [
      'an activity, which is replaced and patched',
      [
        { type: 'ACTIVITY_SNAPSHOT', messageId: 'a', activityType: 'search', content: { found: 0 } },
        {
          type: 'ACTIVITY_DELTA',
          messageId: 'a',
          activityType: 'search',
          patch: [{ op: 'replace', path: '/found', value: 2 }],
        },
        {
          type: 'ACTIVITY_DELTA',
          messageId: 'a',
          activityType: 'search',
          patch: [{ op: 'copy', from: '/found', path: '/seen' }],
        },
        { type: 'ACTIVITY_SNAPSHOT', messageId: 'a', activityType: 'search', content: { no: 1 }, replace: false },
      ],
      [{ type: 'activity', id: 'a', activityType: 'search', content: { found: 2, seen: 2 } }],
    ],
  ])('%s', (_what, says, items) => {
    expect(legOf(says).items).toEqual(items)
  })
})

describe('chunks stand for', () => {
  const textChunk = (more: object): Said => ({ type: 'TEXT_MESSAGE_CHUNK', ...more })
  const callChunk = (more: object): Said => ({ type: 'TOOL_CALL_CHUNK', ...more })
  const thought = (more: object): Said => ({ type: 'REASONING_MESSAGE_CHUNK', ...more })

  test.each<[string, Said[], JsonObject[]]>([
    [
      'a message, which the next one ends',
      [
        textChunk({ messageId: 'a', delta: 'x' }),
        textChunk({ delta: 'y' }),
        textChunk({ messageId: 'a', delta: 'z', role: 'assistant' }),
        textChunk({ messageId: 'b', delta: '1' }),
      ],
      [message('a', 'xyz'), message('b', '1')],
    ],
    [
      'a tool call, which the run’s end ends',
      [callChunk({ toolCallId: 'c', toolCallName: 'now', delta: '{"a"' }), callChunk({ delta: ':1}' })],
      [{ type: 'tool_call', callId: 'c', name: 'now', arguments: { a: 1 } }],
    ],
    [
      'thoughts, then a call, then words',
      [
        thought({ messageId: 'r', delta: 'Hm' }),
        callChunk({ toolCallId: 'c', toolCallName: 'now', delta: '{}' }),
        textChunk({ messageId: 'm', delta: 'So' }),
      ],
      [
        { type: 'reasoning', id: 'r', content: 'Hm' },
        { type: 'tool_call', callId: 'c', name: 'now', arguments: {} },
        message('m', 'So'),
      ],
    ],
    [
      'what subagents say at the same time',
      [
        textChunk({ messageId: 'a', delta: '1', subagentRunId: 's' }),
        textChunk({ messageId: 'b', delta: '2', subagentRunId: 't' }),
        textChunk({ delta: '3', subagentRunId: 's' }),
        textChunk({ messageId: 'b', delta: '4' }),
        textChunk({ messageId: 'c', delta: '5' }),
        textChunk({ delta: '6' }),
      ],
      [
        { ...message('a', '13'), subagentRunId: 's' },
        { ...message('b', '24'), subagentRunId: 't' },
        message('c', '56'),
      ],
    ],
    [
      'one message around what closes nothing',
      [
        textChunk({ messageId: 'a', delta: '1' }),
        { type: 'RAW', event: {} },
        { type: 'REASONING_ENCRYPTED_VALUE', subtype: 'message', entityId: 'a', encryptedValue: 'x' },
        textChunk({ delta: '2' }),
      ],
      [message('a', '12'), { type: 'encrypted_value', subtype: 'message', entityId: 'a', encryptedValue: 'x' }],
    ],
  ])('%s', (_what, says, items) => {
    expect(legOf(says).items).toEqual(items)
  })
})

describe('the output', () => {
  test.each<[string, Said[], object, JsonObject]>([
    ['is the last message', [...text('a', '1'), ...text('b', '2')], {}, message('b', '2')],
    [
      'is the last message also before what is no message',
      [
        ...text('a', '1'),
        ...toolCall('c', 'now', []),
        { type: 'TOOL_CALL_RESULT', messageId: 't', toolCallId: 'c', content: '' },
      ],
      {},
      message('a', '1'),
    ],
    ['is no empty message, if there is another', [...text('a', '1'), ...text('b')], {}, message('a', '1')],
    [
      'is the agent’s, not a subagent’s',
      [
        ...text('a', '1'),
        { type: 'TEXT_MESSAGE_START', messageId: 'b', subagentRunId: 's' },
        { type: 'TEXT_MESSAGE_CONTENT', messageId: 'b', delta: 'x' },
        { type: 'TEXT_MESSAGE_END', messageId: 'b' },
      ],
      {},
      message('a', '1'),
    ],
    ['is the run’s result when nothing was said', [], { result: { a: 1 } }, { type: 'result', result: { a: 1 } }],
    ['is what was said, whatever the result', text('a', '1'), { result: 7 }, message('a', '1')],
    [
      'is the last item when there is no message',
      toolCall('c', 'x', []),
      {},
      { type: 'tool_call', callId: 'c', name: 'x', arguments: {} },
    ],
  ])('%s', (_what, says, end, output) => {
    expect(legOf(says, end).output).toEqual(output)
  })
})

describe('the state', () => {
  const delta = (...operations: object[]): Said => ({ type: 'STATE_DELTA', delta: operations })
  const snapshot = (value: unknown): Said => ({ type: 'STATE_SNAPSHOT', snapshot: value })

  test.each<[string, Json, Said[], unknown]>([
    ['untouched is not told', { a: 1 }, [], undefined],
    ['is what a snapshot says', { a: 1 }, [snapshot([1])], [1]],
    ['may be null', { a: 1 }, [snapshot(null)], null],
    ['is patched from what the agent was sent', { a: 1 }, [delta({ op: 'add', path: '/b', value: 2 })], { a: 1, b: 2 }],
    [
      'is patched from an empty object when there is none',
      null,
      [delta({ op: 'add', path: '/b', value: 2 })],
      { b: 2 },
    ],
    [
      'is patched by all operations of RFC 6902',
      { a: [1, 2], b: { c: 'x' }, gone: 1 },
      [
        delta(
          { op: 'test', path: '/b', value: { c: 'x' } },
          { op: 'move', from: '/b/c', path: '/a/0' },
          { op: 'copy', from: '/a/1', path: '/a/-' },
          { op: 'replace', path: '/a/1', value: null },
          { op: 'remove', path: '/gone', value: 'left over' },
        ),
      ],
      { a: ['x', null, 2, 1], b: {} },
    ],
    [
      'is as it was when a patch fits in part',
      { a: 1 },
      [delta({ op: 'add', path: '/b', value: 2 }, { op: 'test', path: '/a', value: 2 })],
      undefined,
    ],
    [
      'goes on with the next patch and snapshot',
      { a: 1 },
      [delta({ op: 'remove', path: '/x' }), delta({ op: 'remove', path: '/a' })],
      {},
    ],
  ])('%s', (_what, state, says, after) => {
    expect(legOf(says, {}, { state }).state).toEqual(after)
  })

  test('that a patch did not fit is told', () => {
    expect(legOf([delta({ op: 'remove', path: '/x' })]).customs).toEqual([
      { name: 'ag-ui.warning', data: { message: 'STATE_DELTA: /x: is absent' } },
    ])
  })
})

describe('what is no part of the conversation', () => {
  test('is told to those who look at the run live, or to nobody', () => {
    const says: Said[] = [
      { type: 'STEP_STARTED', stepName: 'a' },
      { type: 'STEP_STARTED', stepName: 'a', subagentRunId: 's' },
      { type: 'STEP_FINISHED', stepName: 'a', subagentRunId: 's' },
      { type: 'STEP_FINISHED', stepName: 'a' },
      { type: 'SUBAGENT_STARTED', subagentRunId: 's', name: 'helper', description: 'helps' },
      { type: 'SUBAGENT_ERROR', subagentRunId: 's', message: 'no' },
      { type: 'CUSTOM', name: 'mine', value: [1] },
      { type: 'RAW', event: { a: 1 }, source: 'x' },
      { type: 'SOMETHING_NEW', a: 1 },
      { type: 'ACTIVITY_DELTA', messageId: 'no', activityType: 'x', patch: [] },
    ]
    expect(legOf(says, { result: 1 }).customs).toEqual([
      { name: 'ag-ui.step_started', data: { stepName: 'a' } },
      { name: 'ag-ui.step_started', data: { stepName: 'a', subagentRunId: 's' } },
      { name: 'ag-ui.step_finished', data: { stepName: 'a', subagentRunId: 's' } },
      { name: 'ag-ui.step_finished', data: { stepName: 'a' } },
      { name: 'ag-ui.subagent_started', data: { subagentRunId: 's', name: 'helper', description: 'helps' } },
      { name: 'ag-ui.subagent_error', data: { subagentRunId: 's', message: 'no' } },
      { name: 'mine', data: [1] },
      { name: 'ag-ui.warning', data: { message: 'ACTIVITY_DELTA: no such activity was begun in this run' } },
    ])
  })

  test('a result beside words is told as well', () => {
    expect(legOf(text('m', 'x'), { result: 1 }).customs).toEqual([{ name: 'ag-ui.result', data: 1 }])
  })

  test.each<[string, object[], object | undefined]>([
    [
      'is the sum of all models',
      [
        { model: 'a', inputTokens: 1, outputTokens: 2 },
        { model: 'b', inputTokens: 3, outputTokens: 4 },
      ],
      { inputTokens: 4, outputTokens: 6, model: 'a' },
    ],
    ['leaves out what nobody counted', [{ outputTokens: 2 }, { provider: 'x' }], { outputTokens: 2 }],
    ['is not told without an entry', [], undefined],
  ])('usage %s', (_what, usage, told) => {
    expect(legOf([], { usage }).usage).toEqual(told)
  })
})

describe('a run pauses', () => {
  const call = (id: string, name = 'pick') => ({ callId: id, name, arguments: {} })
  const interrupt = (id: string, more: object = {}) => ({ id, reason: 'approval', ...more })
  const answered: Said = { type: 'TOOL_CALL_RESULT', messageId: 't', toolCallId: 'c', content: 'x' }
  const earlier = {
    runItems: [{ type: 'tool_call', ...call('c') }],
    toolResults: [{ callId: 'c', output: 1 }],
  }

  test.each<[string, Said[], object, Situation, JsonObject[] | undefined]>([
    ['for the call of a tool that the agent was given', toolCall('c', 'pick', []), {}, {}, [call('c')]],
    ['not for the agent’s own tools', toolCall('c', 'mine', []), {}, {}, undefined],
    [
      'for any tool that the agent names',
      toolCall('c', 'mine', []),
      { outcome: { type: 'success', pendingToolCallIds: ['c'] } },
      {},
      [call('c', 'mine')],
    ],
    [
      'for those alone that the agent names',
      [...toolCall('c', 'pick', []), ...toolCall('d', 'pick', [])],
      { outcome: { type: 'success', pendingToolCallIds: ['d', 'unknown'] } },
      {},
      [call('d')],
    ],
    [
      'when the agent names none, as if it had not said',
      toolCall('c', 'pick', []),
      { outcome: { type: 'success', pendingToolCallIds: [] } },
      {},
      [call('c')],
    ],
    ['not for a call that the agent has answered', [...toolCall('c', 'pick', []), answered], {}, {}, undefined],
    ['not for one that it tells again after it was answered', toolCall('c', 'pick', ['{}']), {}, earlier, undefined],
    [
      'for one of the same id that is another call',
      toolCall('c', 'pick', ['[]']),
      {},
      earlier,
      [{ ...call('c'), arguments: [] }],
    ],
    [
      'for an interrupt',
      [],
      {
        outcome: {
          type: 'interrupt',
          interrupts: [interrupt('i', { message: 'Sure?', expiresAt: null, toolCallId: 'c' })],
        },
      },
      {},
      [{ callId: 'i', name: 'approval', arguments: { message: 'Sure?', toolCallId: 'c' } }],
    ],
    [
      'for interrupts and for the calls that none of them is about',
      [...toolCall('c', 'pick', []), ...toolCall('d', 'pick', [])],
      { outcome: { type: 'interrupt', interrupts: [interrupt('i', { toolCallId: 'c' })] } },
      {},
      [{ callId: 'i', name: 'approval', arguments: { toolCallId: 'c' } }, call('d')],
    ],
    ['not for an outcome that nobody knows yet', [], { outcome: { type: 'transcended' } }, {}, undefined],
  ])('%s', (_what, says, end, more, pause) => {
    expect(legOf(says, end, { tools: ['pick'], ...more }).pause).toEqual(pause)
  })

  test('and an interrupt is an item', () => {
    expect(legOf([], { outcome: { type: 'interrupt', interrupts: [interrupt('i')] } }).items).toEqual([
      { type: 'interrupt', id: 'i', reason: 'approval' },
    ])
  })

  test('and goes on with what was answered', () => {
    const runItems = [
      { type: 'tool_call', ...call('c') },
      { type: 'interrupt', id: 'i', reason: 'approval' },
    ]
    const toolResults = [
      { callId: 'c', output: { a: 1 } },
      { callId: 'i', approved: false, reason: 'No' },
    ]
    expect(legOf(text('m', 'Fine'), {}, { runItems, toolResults }).items).toEqual([
      { type: 'tool_result', callId: 'c', result: { a: 1 } },
      { type: 'interrupt_answer', id: 'i', status: 'resolved', payload: { approved: false, reason: 'No' } },
      message('m', 'Fine'),
    ])
  })
})

describe('a snapshot of the messages', () => {
  const snapshot = (...messages: object[]): Said => ({ type: 'MESSAGES_SNAPSHOT', messages })
  const user = { id: 'item-2-0', role: 'user', content: 'Hi' }
  const said = (id: string, content: string, more: object = {}) => ({ id, role: 'assistant', content, ...more })
  const calls = [{ id: 'c', type: 'function', function: { name: 'mine', arguments: '{"a":1}' } }]

  test.each<[string, Said[], Situation, JsonObject[]]>([
    [
      'adds what was not streamed',
      [
        snapshot(
          user,
          { id: 'r', role: 'reasoning', content: 'Hm' },
          said('m', 'Let me see', { toolCalls: calls }),
          { id: 't', role: 'tool', toolCallId: 'c', content: 'x' },
          { id: 'a', role: 'activity', activityType: 'search', content: {} },
        ),
      ],
      {},
      [
        { type: 'reasoning', id: 'r', content: 'Hm' },
        message('m', 'Let me see'),
        { type: 'tool_call', callId: 'c', name: 'mine', messageId: 'm', arguments: { a: 1 } },
        { type: 'tool_result', callId: 'c', id: 't', result: 'x' },
        { type: 'activity', id: 'a', activityType: 'search', content: {} },
      ],
    ],
    [
      'adds nothing twice',
      [
        ...text('m', 'So'),
        ...toolCall('c', 'mine', []),
        snapshot(user, said('m', 'So', { toolCalls: calls })),
        snapshot(said('m', 'So')),
      ],
      {},
      [message('m', 'So'), { type: 'tool_call', callId: 'c', name: 'mine', arguments: {} }],
    ],
    [
      'knows what it says under another id',
      [...text('m', 'So'), snapshot(user, said('other', 'So'))],
      {},
      [message('m', 'So')],
    ],
    [
      'changes nothing of what was streamed',
      [...text('m', 'So'), snapshot(user, said('m', 'So and so'))],
      {},
      [message('m', 'So')],
    ],
    [
      'adds no thoughts when some were streamed',
      [
        { type: 'REASONING_MESSAGE_CHUNK', messageId: 'r', delta: 'Hm' },
        snapshot(user, { id: 'renamed', role: 'reasoning', content: 'Hm, hm' }),
      ],
      {},
      [{ type: 'reasoning', id: 'r', content: 'Hm' }],
    ],
    [
      'adds no result twice of a call before the pause',
      [
        { type: 'TOOL_CALL_RESULT', messageId: 't', toolCallId: 'c', content: 'x' },
        snapshot(user, { id: 'renamed', role: 'tool', toolCallId: 'c', content: 'x' }),
      ],
      {
        runItems: [
          { type: 'tool_call', callId: 'c', name: 'mine', arguments: {} },
          { type: 'interrupt', id: 'i', reason: 'approval' },
        ],
        toolResults: [{ callId: 'i', approved: true }],
      },
      [
        { type: 'interrupt_answer', id: 'i', status: 'resolved', payload: { approved: true } },
        { type: 'tool_result', callId: 'c', id: 't', result: 'x' },
      ],
    ],
    [
      'adds nothing of what was there before',
      [snapshot(said('old', 'Before'), user, said('m', 'Now'))],
      { items: [{ type: 'message', id: 'gone', role: 'assistant', content: 'x' }] },
      [message('m', 'Now')],
    ],
    [
      'adds nothing of what was said before a pause',
      [
        snapshot(user, said('early', 'Wait'), said('renamed', 'Wait'), {
          id: 'x',
          role: 'tool',
          toolCallId: 'c',
          content: '1',
        }),
        ...text('m', 'Now'),
      ],
      {
        runItems: [message('early', 'Wait'), { type: 'tool_call', callId: 'c', name: 'pick', arguments: {} }],
        toolResults: [{ callId: 'c', output: 1 }],
      },
      [{ type: 'tool_result', callId: 'c', result: 1 }, message('m', 'Now')],
    ],
  ])('%s', (_what, says, about, items) => {
    expect(legOf(says, {}, about).items).toEqual(items)
  })
})

describe('of the runs on a stream only the one that was asked for counts', () => {
  const other = { runId: 'another' }

  test('others that are told before it are passed over', () => {
    const frames = framesOf([
      { ...STARTED, ...other },
      ...text('old', 'Before'),
      { type: 'STATE_SNAPSHOT', snapshot: 1 },
      { ...FINISHED, ...other },
      { ...STARTED, ...other },
      { type: 'TEXT_MESSAGE_START', messageId: 'cut' },
      { type: 'RUN_ERROR', message: 'old' },
      STARTED,
      ...text('m', 'Now'),
      FINISHED,
    ])
    expect(frames.map(({ name }) => name)).toEqual(['item.start', 'text', 'item.done', 'done'])
  })

  test('its beginning tells of nothing yet, its end of everything', () => {
    expect(framesOf([STARTED])).toEqual([])
    expect(framesOf([STARTED, FINISHED])).toEqual([
      { name: 'text', data: { delta: '' } },
      { name: 'done', data: {} },
    ])
  })
})
