import { type AgentFrame, AgentRequest as AgentRequestSchema } from '@shared/contracts/agentApi'
import type { AgentRequest as SentRequest } from '@shared/contracts/agentApi'
import { checkOf } from '@shared/contracts/validate'
import { assembleRun } from '../../../workers/agent/assembleRun.ts'
import { newAnswerRecord } from '../../../workers/agent/answerRecord.ts'
import { createOutboundGuard } from '../../../shared/outbound/guard.ts'
import { callAgentApp, closeAgentConnections } from '../../../workers/agent/callAgentApp.ts'
import { defineAgent } from '../defineAgent.ts'
import type { Frame, SentFrame } from '../frames.ts'
import type { AgentRequest } from '../request.ts'
import { SERVERS, closeServers, options, request, signed } from './serving.ts'

afterEach(async () => {
  await closeAgentConnections()
  await closeServers()
})

type Same<A, B> = [A, B] extends [B, A] ? true : never
type OnTheWire = {
  [Name in AgentFrame['name']]: { event: Name } & Extract<AgentFrame, { name: Name }>['data']
}[AgentFrame['name']]
/** Compiles only while a worker sends what the kit tells, and understands all that it may send. */
export const TYPES_MATCH: [
  Same<SentRequest, AgentRequest>,
  Exclude<OnTheWire, { event: 'error' }> extends SentFrame ? true : never,
  Same<AgentFrame['name'], SentFrame['event']>,
] = [true, true, true]

test('the request of these tests is one that a worker could send', () => {
  expect(checkOf(AgentRequestSchema)(request)).toMatchObject({ ok: true })
})

const guard = createOutboundGuard(['127.0.0.0/8', '::1'])

/** A worker's call of an agent, into what it writes. */
async function callWith(frames: (Frame | string)[]) {
  const agent = defineAgent(
    async function* () {
      yield* frames
    },
    { version: '1.2.3' },
  )
  const { url } = await SERVERS['node:http'](agent, options)
  const body = JSON.stringify(request)
  const call = {
    url,
    guard,
    headers: signed(body),
    body,
    timeouts: { connectMs: 20_000, idleMs: 20_000, totalMs: 20_000 },
    signal: new AbortController().signal,
    now: () => new Date(),
  }
  const assembly = assembleRun({ sessionId: 's', runId: 'r', runNo: 1, firstItemNo: 1, now: () => new Date() })
  const last = await callAgentApp(call, newAnswerRecord(), (frame) => assembly.take(frame))
  return { last, result: last.name === 'pause' ? assembly.pause() : assembly.done() }
}

test('a worker understands every frame that an agent may yield', async () => {
  const { last, result } = await callWith([
    { event: 'item', item: { type: 'tool_call', callId: '1' } },
    { event: 'item.start', id: 'a', item: { type: 'table', rows: [], title: 'T', old: 1 } },
    {
      event: 'item.delta',
      id: 'a',
      patch: [
        { op: 'append', path: '/rows', value: [1, 2] },
        { op: 'append', path: '/title', value: 'able' },
        { op: 'replace', path: '/type', value: 'list' },
        { op: 'add', path: '/new', value: { deep: true } },
        { op: 'remove', path: '/old' },
      ],
    },
    { event: 'item.done', id: 'a' },
    { event: 'text', id: 'b', delta: 'a note' },
    { event: 'custom', name: 'progress', data: 0.5 },
    { event: 'state', state: { turns: 1 } },
    { event: 'metadata', metadata: { topic: 'tables' } },
    { event: 'usage', inputTokens: 1, outputTokens: 2, costUsd: 0.01, model: 'm' },
    // The halves of one character.
    'Here it is \ud83c',
    '\udf89',
  ])
  expect(last).toEqual({ name: 'done', data: {} })
  expect(result.items.map(({ kind, status, data }) => [kind, status, data])).toEqual([
    ['step', 'complete', { type: 'tool_call', callId: '1' }],
    ['step', 'complete', { type: 'list', rows: [1, 2], title: 'Table', new: { deep: true } }],
    ['step', 'complete', { type: 'message', role: 'assistant', content: 'a note' }],
    ['output', 'complete', { type: 'message', role: 'assistant', content: 'Here it is 🎉' }],
  ])
  expect(result).toMatchObject({
    version: '1.2.3',
    state: { turns: 1 },
    metadata: { topic: 'tables' },
    usage: { inputTokens: 1, outputTokens: 2, costUsd: 0.01, model: 'm' },
  })
})

test('a worker understands a pause', async () => {
  const toolCalls = [{ callId: 'c', name: 'book', arguments: { seats: 4 } }]
  const { last } = await callWith(['One moment.', { event: 'pause', toolCalls }])
  expect(last).toEqual({ name: 'pause', data: { toolCalls } })
})
