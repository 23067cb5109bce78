import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { AgUiSettings } from '@shared/domain/agents'
import type { Run } from '@shared/domain/objects'
import { type AgUiAgent, type Reply, startAgUiAgent, text, toolCall } from '../../../test/server/agUiAgent.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

const SETTINGS: AgUiSettings = {
  apiKey: 'sk-very-secret',
  tools: [{ name: 'pick_table', description: 'Lets the guest pick.', parameters: { type: 'object', properties: {} } }],
  forwardedProps: { shop: 'north' },
}

const STREAM = { 'content-type': 'text/event-stream' }

let server: TestServer
let agent: AgUiAgent
let person: Person

beforeAll(async () => {
  agent = await startAgUiAgent()
  server = await startTestServer()
  await server.main.publish({ name: 'graph', url: agent.url, protocol: 'ag-ui', agUi: SETTINGS })
  person = await server.main.newPerson()
})

afterAll(async () => {
  await server?.close()
  await agent?.close()
})

const sent = () => agent.requests.at(-1)!.input
const dataOf = (items: { data: object }[]) => items.map(({ data }) => data)
const newSession = async () => (await person.client.createSession({ agent: 'graph' })).id

async function resume(run: Run, body: object): Promise<Run> {
  await person.client.post<Run>(`/v1/runs/${run.id}/resume`, { pauseId: run.pause!.pauseId, ...body })
  return eventually(async () => {
    const now = await person.client.readRun(run.id)
    return now.status !== 'queued' && now.status !== 'running' && now
  })
}

test('a conversation goes on with ids that stay, state comes back, and the run tells what it cost', async () => {
  const id = await newSession()
  agent.will({
    says: [
      { type: 'STATE_SNAPSHOT', snapshot: { guests: 2, notes: [] } },
      { type: 'STEP_STARTED', stepName: 'greet' },
      ...text('m1', 'Hello, ', 'how many?'),
      { type: 'STEP_FINISHED', stepName: 'greet' },
      { type: 'STATE_DELTA', delta: [{ op: 'add', path: '/notes/-', value: 'greeted' }] },
    ],
    usage: [
      { provider: 'x', model: 'small', inputTokens: 12, outputTokens: 5 },
      { model: 'other', inputTokens: 3, outputTokens: 1 },
    ],
  })
  const first = await person.client.ask(id, 'Hi')
  expect(first.run).toMatchObject({ status: 'completed', usage: { inputTokens: 15, outputTokens: 6, model: 'small' } })
  expect(first.items.at(-1)).toMatchObject({
    kind: 'output',
    data: { type: 'message', id: 'm1', role: 'assistant', content: 'Hello, how many?' },
  })
  expect(sent()).toMatchObject({
    threadId: id,
    runId: `${first.run.id}:1`,
    protocolVersion: '1.0',
    state: {},
    messages: [{ id: 'item-1-0', role: 'user', content: 'Hi' }],
    tools: [{ name: 'pick_table', description: 'Lets the guest pick.' }],
    context: [],
    forwardedProps: { shop: 'north', agentview: { run: { id: first.run.id, attempt: 1 }, session: { id } } },
  })
  expect(await person.client.readSession(id)).toMatchObject({ state: { guests: 2, notes: ['greeted'] } })

  agent.will({ says: text('m2', 'Fine.') })
  await person.client.ask(id, 'Four')
  expect(sent()).toMatchObject({ threadId: id, state: { guests: 2, notes: ['greeted'] } })
  expect(sent().messages).toEqual([
    { id: 'item-1-0', role: 'user', content: 'Hi' },
    { id: 'm1', role: 'assistant', content: 'Hello, how many?' },
    { id: 'item-2-0', role: 'user', content: 'Four' },
  ])
  const log = await server.logOf(id, (events) => events.some(({ type }) => type === 'run.completed'))
  const customs = log.flatMap((event) => (event.type === 'custom' ? [event.data] : []))
  expect(customs).toEqual([
    { name: 'ag-ui.step_started', data: { stepName: 'greet' } },
    { name: 'ag-ui.step_finished', data: { stepName: 'greet' } },
  ])
})

describe('what the agent asks for outside', () => {
  test('a tool of the front end pauses the run; its result goes along in the messages of the next', async () => {
    const id = await newSession()
    agent.will({
      says: [
        ...text('m1', 'Let me see.'),
        ...toolCall('c1', 'pick_table', ['{"se', 'ats":4}'], { parentMessageId: 'm1' }),
      ],
    })
    const { run } = await person.client.ask(id, 'A table for four')
    const call = { callId: 'c1', name: 'pick_table', arguments: { seats: 4 } }
    expect(run).toMatchObject({ status: 'paused', pause: { toolCalls: [call] } })
    agent.will({ says: text('m2', 'Table seven is yours.') })
    const done = await resume(run, { toolResults: [{ callId: 'c1', output: { table: 7 } }] })
    expect(done.status).toBe('completed')
    const turns = [
      { id: 'item-1-0', role: 'user', content: 'A table for four' },
      {
        id: 'm1',
        role: 'assistant',
        content: 'Let me see.',
        toolCalls: [{ id: 'c1', type: 'function', function: { name: 'pick_table', arguments: '{"seats":4}' } }],
      },
      { id: 'item-1-3', role: 'tool', toolCallId: 'c1', content: '{"table":7}' },
    ]
    expect(sent().messages).toEqual(turns)
    expect(sent()).toMatchObject({ runId: `${run.id}:2` })
    expect(sent().resume).toBeUndefined()
    // In all later turns the same, ids and all.
    await person.client.ask(id, 'Thanks')
    expect(sent().messages.slice(0, 4)).toEqual([
      ...turns,
      { id: 'm2', role: 'assistant', content: 'Table seven is yours.' },
    ])
  })

  test('an interrupt pauses the run; answers go along as its resume', async () => {
    const id = await newSession()
    const interrupts = [
      { id: 'i1', reason: 'approval', message: 'Book it?', toolCallId: 'c1', responseSchema: { type: 'object' } },
      { id: 'i2', reason: 'input_required' },
      { id: 'i3', reason: 'upload' },
    ]
    agent.will({ says: toolCall('c1', 'book', ['{}']), outcome: { type: 'interrupt', interrupts } })
    const { run } = await person.client.ask(id, 'Book it')
    expect(run.pause!.toolCalls).toEqual([
      {
        callId: 'i1',
        name: 'approval',
        arguments: { message: 'Book it?', toolCallId: 'c1', responseSchema: { type: 'object' } },
      },
      { callId: 'i2', name: 'input_required', arguments: {} },
      { callId: 'i3', name: 'upload', arguments: {} },
    ])
    agent.will({
      says: [
        { type: 'TOOL_CALL_RESULT', messageId: 't1', toolCallId: 'c1', content: 'booked' },
        ...text('m1', 'Booked.'),
      ],
    })
    const done = await resume(run, {
      approvals: [{ callId: 'i1', approved: true, reason: 'fine' }],
      toolResults: [
        { callId: 'i2', output: { name: 'Ann' } },
        { callId: 'i3', output: 'no file', isError: true },
      ],
    })
    expect(done.status).toBe('completed')
    expect(sent().resume).toEqual([
      { interruptId: 'i1', status: 'resolved', payload: { approved: true, reason: 'fine' } },
      { interruptId: 'i2', status: 'resolved', payload: { name: 'Ann' } },
      { interruptId: 'i3', status: 'cancelled' },
    ])
    // The call that waits for its approval goes along, though nobody has answered it yet.
    expect(sent().messages).toMatchObject([{ role: 'user' }, { role: 'assistant', toolCalls: [{ id: 'c1' }] }])
    await person.client.ask(id, 'Thanks')
    expect(sent().messages.map(({ id: one, role }) => `${role} ${one}`)).toEqual([
      'user item-1-0',
      'assistant c1',
      'tool t1',
      'assistant m1',
      'user item-2-0',
    ])
  })
})

test('words are seen as they come, and only the run that was asked for is', async () => {
  const id = await newSession()
  const before = { type: 'RUN_STARTED', runId: 'before' }
  agent.will({
    sends: [
      before,
      ...text('old', 'Long ago'),
      { type: 'RUN_FINISHED', runId: 'before' },
      { type: 'RUN_STARTED' },
      ...text('m1', 'Good ', 'day'),
      { type: 'RUN_FINISHED' },
    ],
  })
  const { run, items } = await person.client.ask(id, 'Hi')
  expect(run.status).toBe('completed')
  expect(dataOf(items).slice(1)).toEqual([{ type: 'message', id: 'm1', role: 'assistant', content: 'Good day' }])
  const log = await server.logOf(id, (events) => events.some(({ type }) => type === 'run.completed'))
  const grown = log.flatMap((event) => (event.type === 'item.delta' ? event.data.patch : []))
  const words = grown.map((operation) => (operation.op === 'append' ? JSON.stringify(operation.value) : ''))
  expect(words.join('').replaceAll('"', '')).toBe('Good day')
})

test('what an agent says behind its last words is no output', async () => {
  const id = await newSession()
  agent.will({
    says: [
      ...text('m1', 'Booked.'),
      ...toolCall('c1', 'log', ['{}']),
      { type: 'TOOL_CALL_RESULT', messageId: 't1', toolCallId: 'c1', content: 'ok' },
    ],
  })
  const { items } = await person.client.ask(id, 'Book it')
  expect(items.find(({ kind }) => kind === 'output')?.data).toMatchObject({ id: 'm1' })
  expect(items.map(({ kind }) => kind)).toEqual(['input', 'output', 'step', 'step'])
})

test('a run that its agent was told to stop is cancelled, and keeps what was said', async () => {
  const id = await newSession()
  agent.will({
    says: text('m1', 'Half'),
    outcome: { type: 'cancelled' },
    usage: [{ inputTokens: 3 }],
  })
  const { run, items } = await person.client.ask(id, 'Hi')
  expect(run).toMatchObject({ status: 'cancelled', error: { code: 'agent_cancelled' }, usage: { inputTokens: 3 } })
  expect(run.attempts).toMatchObject([{ outcome: 'cancelled' }])
  expect(dataOf(items).at(-1)).toMatchObject({ id: 'm1', content: 'Half' })
  const next = await person.client.ask(id, 'Again')
  expect(next.run.status).toBe('completed')
})

describe('the agent is called', () => {
  test('signed, with its key and no token of ours, and the key stands nowhere in the database', async () => {
    const id = await newSession()
    const { run } = await person.client.ask(id, 'Hi')
    const { headers } = agent.requests.at(-1)!
    expect(headers).toMatchObject({
      authorization: 'Bearer sk-very-secret',
      accept: 'text/event-stream',
      'idempotency-key': `${run.id}:0`,
      'agentview-run-id': run.id,
      'webhook-signature': expect.stringMatching(/^v1,/),
    })
    expect(headers['agentview-run-token']).toBeUndefined()
    const stored = await server.rows<{ text: string }>('select definition::text as text from agent_versions')
    expect(stored.map(({ text }) => text).join()).not.toContain('sk-very-secret')
  })

  test('again when it fails in a way that may pass, and only the last attempt’s items stay', async () => {
    const id = await newSession()
    agent.will(
      { status: 503 },
      { sends: [{ type: 'RUN_STARTED' }, ...text('m1', 'Half')], after: 'break' },
      { sends: [{ type: 'RUN_STARTED' }, ...text('m1', 'Half')] },
      {
        sends: [
          { type: 'RUN_STARTED' },
          ...text('m1', 'Half'),
          { type: 'RUN_ERROR', message: 'busy', code: 'RATE_LIMIT' },
        ],
      },
    )
    const { run } = await person.client.ask(id, 'Hi')
    expect(run).toMatchObject({ status: 'failed', error: { code: 'rate_limit', message: 'busy' } })
    expect(run.attempts.map(({ error }) => error?.code)).toEqual([
      'agent_status',
      'agent_disconnected',
      'agent_disconnected',
      'rate_limit',
    ])
    agent.will({ status: 500 }, { says: text('m2', 'Whole') })
    const next = await person.client.ask(id, 'Again')
    expect(next.run).toMatchObject({ status: 'completed' })
    expect(dataOf(next.items).at(-1)).toMatchObject({ id: 'm2', content: 'Whole' })
  })

  test.each<[string, Reply, RegExp]>([
    [
      'breaks the protocol’s order',
      { sends: [{ type: 'TEXT_MESSAGE_CONTENT', messageId: 'm1', delta: 'x' }] },
      /began with TEXT_MESSAGE_CONTENT: RUN_STARTED comes first/,
    ],
    ['is of another run', { sends: [{ type: 'RUN_STARTED', runId: 'x' }] }, /RUN_STARTED must name the runId/],
    [
      'can not be stored',
      { says: [{ type: 'STATE_SNAPSHOT', snapshot: JSON.parse('{"__proto__":1}') }] },
      /can't be stored/,
    ],
    ['is no JSON', { status: 200, headers: STREAM, body: 'data: <html>\n\n' }, /not JSON: "<html>"/],
    [
      'is no stream',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '' },
      /text\/event-stream is wanted/,
    ],
    ['is nothing, because it goes on by itself', { status: 202 }, /answered 202/],
  ])('not again when what it sends %s', async (_what, reply, message) => {
    const id = await newSession()
    agent.will(reply)
    const { run } = await person.client.ask(id, 'Hi')
    expect(run).toMatchObject({ status: 'failed', error: { message: expect.stringMatching(message) } })
    expect(run.attempts).toHaveLength(1)
    expect(await person.client.readSession(id)).toMatchObject({ state: {} })
  })

  test('no longer once its run is cancelled', async () => {
    const id = await newSession()
    agent.will({ sends: [{ type: 'RUN_STARTED' }, ...text('m1', 'Let me think')], after: 'hang' })
    const asked = agent.requests.length
    const { body } = await person.client.post<{ run: Run }>(`/v1/sessions/${id}/messages`, { input: 'Hi' })
    await eventually(() => agent.requests.length > asked)
    const before = agent.hungUp()
    await person.client.post(`/v1/runs/${body.run.id}/cancel`, {})
    await eventually(() => agent.hungUp() > before)
  })
})
