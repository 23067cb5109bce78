import { type AgentSubscriber, type Message, HttpAgent, enforceOutgoingInput } from '@ag-ui/client'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { request } from '../../../../sdk/agent/test/serving.ts'
import { type AgUiAgent, type Reply, type Said, startAgUiAgent } from '../../../../test/server/agUiAgent.ts'
import { closeAgentConnections } from '../../callAgentApp.ts'
import { agUiCall } from '../../protocols/ag-ui/agUiCall.ts'
import { agUiMessages } from '../../protocols/ag-ui/agUiMessages.ts'
import { type Outcome, call } from '../hostileServer.ts'
import { legOfFrames, situation, text, toolCall } from './reading.ts'

const HI: JsonObject = { type: 'message', role: 'user', content: 'Hi' }
const STATE = { guests: 2, notes: ['a'] }
const LIMITS = { maxItems: 100, maxBytes: 100_000 }
const SETTINGS = { tools: [{ name: 'pick' }] }

const AT = '2026-01-02T03:04:05.000Z'
const MEMORIES = [
  { id: newId('memory'), topic: 'drinks', content: 'likes tea', createdAt: AT, updatedAt: AT },
  { id: newId('memory'), content: 'lives in Łódź', createdAt: AT, updatedAt: AT },
]

let agent: AgUiAgent

beforeEach(async () => {
  // What it warns of is told as well by what it returns.
  jest.spyOn(console, 'warn').mockReturnValue()
  jest.spyOn(console, 'error').mockReturnValue()
  agent = await startAgUiAgent()
})

afterEach(async () => {
  jest.restoreAllMocks()
  await closeAgentConnections()
  await agent.close()
})

const parts = { ...request, inputs: [HI], history: [], session: { ...request.session, state: STATE } }
const asWorker = (): Promise<Outcome> => call(agent.url, agUiCall(parts, LIMITS, 2, SETTINGS))

function newClient(): HttpAgent {
  const initialMessages: Message[] = [{ id: 'item-2-0', role: 'user', content: 'Hi' }]
  return new HttpAgent({ url: agent.url, threadId: 'thread', initialMessages, initialState: STATE })
}

/** Activities are never sent back to the agent. */
const conversationOf = ({ messages }: HttpAgent) => messages.filter(({ role }) => role !== 'activity')

const reasoned: Said[] = [
  { type: 'REASONING_START', messageId: 'r' },
  { type: 'REASONING_MESSAGE_START', messageId: 'r', role: 'reasoning' },
  { type: 'REASONING_MESSAGE_CONTENT', messageId: 'r', delta: 'Hm' },
  { type: 'REASONING_MESSAGE_END', messageId: 'r' },
  { type: 'REASONING_ENCRYPTED_VALUE', subtype: 'message', entityId: 'r', encryptedValue: 'x' },
  { type: 'REASONING_END', messageId: 'r' },
]
const result = (toolCallId: string, content: unknown): Said => ({
  type: 'TOOL_CALL_RESULT',
  messageId: `t-${toolCallId}`,
  toolCallId,
  content,
})

describe('the official client and a worker hear the same', () => {
  test.each<[string, Reply]>([
    ['of an answer', { says: text('m', 'Good ', 'day, ', 'Grüße 🎉') }],
    ['of a silent run', { says: [] }],
    ['of thoughts, then words', { says: [...reasoned, ...text('m', 'So')] }],
    [
      'of calls within a message',
      {
        says: [
          ...text('m', 'See'),
          ...toolCall('c', 'mine', ['{"a"', ':1}'], { parentMessageId: 'm' }),
          ...toolCall('d', 'mine', ['{}'], { parentMessageId: 'm' }),
          result('c', '1'),
          result('d', '2'),
        ],
      },
    ],
    [
      'of calls of no message',
      {
        says: [
          ...toolCall('c', 'mine', ['{}']),
          result('c', '1'),
          ...toolCall('d', 'mine', ['{}']),
          result('d', '2'),
          ...text('m', 'So'),
        ],
      },
    ],
    [
      'of a call before its message',
      { says: [...toolCall('c', 'mine', ['{}'], { parentMessageId: 'm' }), result('c', '1'), ...text('m', 'So')] },
    ],
    [
      'of results that come late',
      { says: [...toolCall('c', 'mine', ['{}']), ...text('m', 'Wait'), result('c', [{ type: 'text', text: 'x' }])] },
    ],
    ['of a message that goes on', { says: [...text('m', 'a'), ...text('n', 'b'), ...text('m', 'c')] }],
    ['of a call that goes on', { says: [...toolCall('c', 'mine', ['[1']), ...toolCall('c', 'mine', [',2]'])] }],
    ['of arguments that are no JSON', { says: toolCall('c', 'mine', ['{"a":']) }],
    [
      'of chunks',
      {
        says: [
          { type: 'REASONING_MESSAGE_CHUNK', messageId: 'r', delta: 'H' },
          { type: 'REASONING_MESSAGE_CHUNK', delta: 'm' },
          { type: 'TEXT_MESSAGE_CHUNK', messageId: 'm', delta: 'a', subagentRunId: 's' },
          { type: 'TOOL_CALL_CHUNK', toolCallId: 'c', toolCallName: 'mine', delta: '{}' },
          { type: 'TEXT_MESSAGE_CHUNK', delta: 'b' },
        ],
      },
    ],
    [
      'of state',
      {
        says: [
          {
            type: 'STATE_DELTA',
            delta: [
              { op: 'add', path: '/notes/-', value: 'b' },
              { op: 'move', from: '/guests', path: '/notes/0' },
            ],
          },
          {
            type: 'STATE_DELTA',
            delta: [
              { op: 'remove', path: '/notes/0' },
              { op: 'test', path: '/x', value: 1 },
            ],
          },
          { type: 'STATE_DELTA', delta: [{ op: 'copy', from: '/notes', path: '/again' }] },
        ],
      },
    ],
    [
      'of a new state',
      {
        says: [
          { type: 'STATE_SNAPSHOT', snapshot: [null] },
          { type: 'STATE_DELTA', delta: [{ op: 'replace', path: '', value: 'x' }] },
        ],
      },
    ],
    [
      'of a snapshot of the messages',
      {
        says: [
          ...text('m', 'So'),
          {
            type: 'MESSAGES_SNAPSHOT',
            messages: [
              { id: 'item-2-0', role: 'user', content: 'Hi' },
              { id: 'm', role: 'assistant', content: 'So' },
              {
                id: 'n',
                role: 'assistant',
                content: 'And',
                toolCalls: [{ id: 'c', type: 'function', function: { name: 'mine', arguments: '{}' } }],
              },
              { id: 't', role: 'tool', toolCallId: 'c', content: 'x' },
            ],
          },
        ],
      },
    ],
    [
      'of steps and what is beside the protocol',
      {
        says: [
          { type: 'STEP_STARTED', stepName: 'a' },
          { type: 'RAW', event: {} },
          { type: 'STEP_FINISHED', stepName: 'a' },
          { type: 'CUSTOM', name: 'x', value: null },
        ],
      },
    ],
  ])('%s', async (_what, reply) => {
    agent.will(reply, reply)
    const client = newClient()
    await client.runAgent({ runId: 'run' })
    const { frames, failure } = await asWorker()
    expect(failure).toBeNull()
    const { items, state } = legOfFrames(frames)
    // A run of nothing has an empty output.
    const made = items.filter(({ id, content }) => id !== undefined || content !== '')
    const placed = [HI, ...made].map((data, index) => ({ data, runNo: 2, index, isPast: false }))
    expect(agUiMessages(placed)).toEqual(conversationOf(client))
    expect(state ?? STATE).toEqual(client.state)
  })

  test('of what a run waits for', async () => {
    const interrupts = [{ id: 'i', reason: 'approval', message: 'Sure?', toolCallId: 'c' }]
    const reply: Reply = { says: toolCall('c', 'mine', ['{}']), outcome: { type: 'interrupt', interrupts } }
    agent.will(reply, reply)
    const client = newClient()
    await client.runAgent({ runId: 'run' })
    const { pause } = legOfFrames((await asWorker()).frames)
    expect(client.pendingInterrupts.map(({ id }) => id)).toEqual(pause?.map(({ callId }) => callId))
  })

  test('of calls for the front end', async () => {
    const says = [...toolCall('c', 'pick', ['{}']), ...toolCall('d', 'pick', ['{}']), result('c', 'x')]
    agent.will({ says }, { says })
    const pending: string[][] = []
    const subscriber: AgentSubscriber = {
      onRunFinishedEvent(finished) {
        if (finished.outcome === 'success') pending.push(finished.pendingToolCallIds)
      },
    }
    await newClient().runAgent({ runId: 'run' }, subscriber)
    const { pause } = legOfFrames((await asWorker()).frames)
    expect(pending).toEqual([pause?.map(({ callId }) => callId)])
  })
})

describe('the official client and a worker refuse the same:', () => {
  const STARTED = { type: 'RUN_STARTED' }
  const FINISHED = { type: 'RUN_FINISHED' }

  test.each<[string, Said[]]>([
    ['no beginning', text('m', 'x')],
    ['a run within a run', [STARTED, STARTED]],
    ['a message that is started twice', [STARTED, ...text('m', 'x').slice(0, 1), ...text('m', 'x')]],
    ['words of no message', [STARTED, { type: 'TEXT_MESSAGE_CONTENT', messageId: 'm', delta: 'x' }]],
    ['an end amid a call', [STARTED, ...toolCall('c', 'x', []).slice(0, 1), FINISHED]],
    ['an end amid thoughts', [STARTED, { type: 'REASONING_START', messageId: 'r' }, FINISHED]],
    [
      'a step of somebody else',
      [STARTED, { type: 'STEP_STARTED', stepName: 'a' }, { type: 'STEP_FINISHED', stepName: 'a', subagentRunId: 's' }],
    ],
    ['a subagent that goes on', [STARTED, { type: 'SUBAGENT_STARTED', subagentRunId: 's', name: 'x' }, FINISHED]],
    ['a chunk of no message', [STARTED, { type: 'TEXT_MESSAGE_CHUNK', delta: 'x' }]],
    [
      'a chunk with another role',
      [STARTED, { type: 'TEXT_MESSAGE_CHUNK', messageId: 'm' }, { type: 'TEXT_MESSAGE_CHUNK', role: 'user' }],
    ],
    ['a wrong type', [STARTED, { type: 'STATE_DELTA', delta: 'x' }]],
    ['no text where there must be some', [STARTED, { type: 'TEXT_MESSAGE_START', messageId: 7 }]],
  ])('%s', async (_what, sends) => {
    agent.will({ sends }, { sends })
    await expect(newClient().runAgent({ runId: 'run' })).rejects.toThrow()
    expect((await asWorker()).failure).toMatchObject({ code: 'invalid_output', retryable: false })
  })

  test('an answer in one piece', async () => {
    const reply: Reply = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"items":[]}' }
    agent.will(reply)
    const { failure } = await asWorker()
    expect(failure).toMatchObject({ code: 'invalid_output', message: expect.stringMatching(/stream of events/) })
  })

  test('another kind of stream, and going on without us', async () => {
    agent.will({ status: 200, headers: { 'content-type': 'application/x-ndjson' } }, { status: 202 })
    const { failure } = await asWorker()
    expect(failure).toMatchObject({
      code: 'invalid_output',
      message: expect.stringMatching(/ndjson": text\/event-stream is wanted/),
    })
    expect((await asWorker()).failure).toMatchObject({ code: 'agent_status', retryable: false })
  })
})

describe('what a worker sends', () => {
  const call = { type: 'tool_call', callId: 'c', name: 'pick', arguments: { a: 1 } }
  const interrupt = { type: 'interrupt', id: 'i', reason: 'approval' }
  const everything: JsonObject[] = [
    HI,
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'audio', source: { type: 'data', value: '', mimeType: 'audio/wav' } },
      ],
    },
    { type: 'message', role: 'user', content: [{ type: 'image', source: { type: 'url' } }] },
    { type: 'message', id: 'm', role: 'assistant', name: 'Ann', content: 'x', subagentRunId: 's' },
    { type: 'reasoning', id: 'r', content: 'Hm' },
    { type: 'encrypted_value', subtype: 'message', entityId: 'r', encryptedValue: 'x' },
    { type: 'message', role: 'system', content: 'x' },
    { type: 'activity', id: 'a', content: {} },
    { type: 'tool_call', callId: 7, name: null, arguments: 'x' },
    { type: 'tool_result', callId: 7, result: [{ type: 'text', text: 'x' }], isError: true },
    { type: 'anything', at: { all: [1] } },
    {},
  ]

  test.each<[string, Parameters<typeof situation>[0]]>([
    ['at first', {}],
    ['with memories', { memories: MEMORIES }],
    ['with a long history', { items: everything, state: { a: 1 }, tools: ['pick', 'mine'] }],
    [
      'after a pause',
      { items: everything, runItems: [...everything, call], toolResults: [{ callId: 'c', output: { b: 2 } }] },
    ],
    [
      'after interrupts',
      {
        runItems: [call, interrupt],
        toolResults: [
          { callId: 'i', approved: true },
          { callId: 'c', output: 'no', isError: true },
        ],
      },
    ],
  ])('%s is what the official client would send', (_what, about) => {
    const input = JSON.parse(JSON.stringify(situation(about).input))
    expect(enforceOutgoingInput(input)).toEqual(input)
  })

  test('names each attempt, and tells what is remembered', () => {
    const { input } = situation({ memories: MEMORIES })
    expect(input.runId).toBe(`${request.run.id}:1`)
    expect(input.context).toEqual([
      { description: 'Remembered of the user: drinks', value: 'likes tea' },
      { description: 'Remembered of the user', value: 'lives in Łódź' },
    ])
  })
})
