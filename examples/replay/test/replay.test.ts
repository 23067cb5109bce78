import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { handleReplay } from '../agent.ts'
import { type Conversation, parseConversation } from '../conversation.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
const sample = path.join(repository, 'examples/replay/sample.jsonl')
const dataset = path.join(repository, '../shared/data/conversations.jsonl')

let server: Server
let url: string

beforeAll(async () => {
  server = createServer((request, response) => void handleReplay(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

interface Frame {
  event: string
  data: Record<string, unknown>
}

/** Calls the agent as AgentView does; gives the frames of its answer. */
async function call(body: object): Promise<Frame[]> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const text = await response.text()
  expect(text.endsWith('\n\n')).toBe(true)
  return text.slice(0, -2).split('\n\n').map(parseFrame)
}

function parseFrame(text: string): Frame {
  // Not `.`, which takes U+2028 for the end of a line; an event stream does not.
  const [, event = '', data = ''] = /^event: ([^\n\r]+)\ndata: ([^\n\r]+)$/.exec(text) ?? []
  return { event, data: JSON.parse(data) as Record<string, unknown> }
}

function message(role: 'user' | 'assistant', content: string) {
  return { type: 'message', role, content }
}

/** Plays a conversation turn by turn, with the history that AgentView would send, and expects it to be as recorded. */
async function expectAsRecorded(conversation: Conversation): Promise<void> {
  const items: object[] = []
  for (const { user, toolCalls, assistant } of conversation.turns) {
    const input = message('user', user)
    const frames = await call({ session: { metadata: { conversation } }, items, input, inputs: [input] })
    const steps = frames.filter(({ event }) => event === 'item').map(({ data }) => data.item as Record<string, unknown>)
    const reply = frames.filter(({ event }) => event === 'text').map(({ data }) => data.delta)
    expect(steps).toEqual(
      toolCalls.flatMap((call, index) => {
        const callId = steps[2 * index]?.callId ?? 'missing'
        return [
          { type: 'tool_call', callId, name: call.name, arguments: call.arguments },
          { type: 'tool_result', callId, result: call.result },
        ]
      }),
    )
    expect(reply.join('')).toBe(assistant)
    expect(frames[0]).toEqual({ event: 'version', data: { version: '1.0.0' } })
    expect(frames.at(-1)).toEqual({ event: 'done', data: {} })
    items.push(input, ...steps, message('assistant', assistant))
  }
}

async function read(file: string): Promise<Conversation[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  return lines.map((line) => parseConversation(JSON.parse(line))!)
}

const two: Conversation = {
  id: 'two',
  turns: [
    {
      user: 'Again',
      toolCalls: [{ name: 'Count', arguments: {}, result: null }],
      assistant: 'One  word,\nthen another.',
    },
    { user: 'Again', toolCalls: [], assistant: 'Two' },
  ],
}
const session = { metadata: { conversation: two } }

test('an answer is the version, the tool calls with their results, the words, the usage, and done', async () => {
  expect(await call({ session, items: [], input: message('user', 'Again') })).toEqual([
    { event: 'version', data: { version: '1.0.0' } },
    { event: 'item', data: { item: { type: 'tool_call', callId: 'call_1_1', name: 'Count', arguments: {} } } },
    { event: 'item', data: { item: { type: 'tool_result', callId: 'call_1_1', result: null } } },
    { event: 'text', data: { delta: 'One  ' } },
    { event: 'text', data: { delta: 'word,\n' } },
    { event: 'text', data: { delta: 'then ' } },
    { event: 'text', data: { delta: 'another.' } },
    { event: 'usage', data: { inputTokens: 1, outputTokens: 4 } },
    { event: 'done', data: {} },
  ])
})

test('the turn is counted, as people say the same thing twice', async () => {
  const items = [message('user', 'Again'), { type: 'tool_call', callId: 'x' }, message('assistant', 'One')]
  const frames = await call({ session, items, input: message('user', 'Again') })
  expect(frames.filter(({ event }) => event === 'text').map(({ data }) => data.delta)).toEqual(['Two'])
})

test('an empty reply is said as such', async () => {
  const conversation = { id: 'silent', turns: [{ user: '…', toolCalls: [], assistant: '' }] }
  const frames = await call({ session: { metadata: { conversation } }, items: [] })
  expect(frames.find(({ event }) => event === 'text')?.data).toEqual({ delta: '' })
})

test('a turn after the last is refused for good', async () => {
  const frames = await call({ session, items: [message('user', '1'), message('user', '2')] })
  const said = 'Conversation two ends before turn 3.'
  expect(frames.slice(1)).toEqual([{ event: 'error', data: { code: 'unknown_turn', message: said, retryable: false } }])
})

test.each([[{}], [{ conversation: { id: 'broken', turns: [{}] } }]])(
  'metadata %j is refused for good',
  async (metadata) => {
    const frames = await call({ session: { metadata }, items: [] })
    expect(frames.at(-1)).toMatchObject({ event: 'error', data: { code: 'no_conversation', retryable: false } })
  },
)

test('what is no call is refused', async () => {
  expect((await fetch(url)).status).toBe(405)
  expect((await fetch(url, { method: 'POST', body: '{' })).status).toBe(400)
})

test('the sample plays as recorded', async () => {
  const conversations = await read(sample)
  expect(conversations).toHaveLength(8)
  for (const conversation of conversations) await expectAsRecorded(conversation)
})

test('conversations play as recorded: every tenth of the recorded ones where they are at hand, else the sample', async () => {
  const recorded = existsSync(dataset) ? await read(dataset) : null
  // `npm run replay` plays all of them, through a server.
  const conversations = recorded?.filter((_, index) => index % 10 === 0) ?? (await read(sample))
  for (const conversation of conversations) await expectAsRecorded(conversation)
})
