import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { handleEliza } from '../agent.ts'

interface Frame {
  event: string
  data: Record<string, unknown>
}

let server: Server
let url: string
let handled: Promise<void>[] = []

beforeAll(async () => {
  server = createServer((request, response) => handled.push(Promise.resolve(handleEliza(request, response))))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

beforeEach(() => {
  handled = []
  process.env.ELIZA_DELAY_MS = '0'
})

afterAll(async () => {
  delete process.env.ELIZA_DELAY_MS
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const user = (content: unknown) => ({ type: 'message', role: 'user', content })
const assistant = (content: string) => ({ type: 'message', role: 'assistant', content })

function post(body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  })
}

async function ask(input: unknown, items: unknown[] = []): Promise<Frame[]> {
  const response = await post({ input, items })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '')
  return blocks.map((block) => {
    const [, event, data] = /^event: (.+)\ndata: (.+)$/.exec(block)!
    return { event: event!, data: JSON.parse(data!) as Record<string, unknown> }
  })
}

const textOf = (frames: Frame[]) =>
  frames.flatMap((frame) => (frame.event === 'text' ? [frame.data.delta as string] : [])).join('')

test('an answer is a version, one frame a word, and done', async () => {
  const frames = await ask(user('Hello'))
  expect(frames.map((frame) => frame.event)).toEqual(['version', ...Array<string>(8).fill('text'), 'done'])
  expect(frames[0]!.data).toEqual({ version: '1.0.0' })
  expect(frames[1]!.data).toEqual({ delta: 'How ' })
  expect(textOf(frames)).toBe('How do you do. Please state your problem.')
})

test('the same turn gets the same answer, so a retry changes nothing', async () => {
  for (const said of ['I am sad', 'bye']) expect(textOf(await ask(user(said)))).toBe(textOf(await ask(user(said))))
})

test('memory comes from the history alone', async () => {
  const history = [user('My mother hates me'), assistant('Tell me more about your family.')]
  expect(textOf(await ask(user('xyz'), history))).toBe(
    'Does that have anything to do with the fact that your mother hates you ?',
  )
  expect(textOf(await ask(user('xyz')))).not.toContain('mother')
})

test('items that are no user message are left out of the history', async () => {
  const items = [{ type: 'tool_call', callId: 'c', name: 'x', arguments: {} }, assistant('my dog'), 7, null, user({})]
  expect(textOf(await ask(user('xyz'), items))).toBe(textOf(await ask(user('xyz'))))
})

test.each([
  ['empty text', user('   '), /silent/],
  ['a message that is not text', user([{ type: 'image' }]), /only read text/],
  ['another kind of item', { type: 'form', fields: {} }, /only read text/],
])('%s gets a friendly answer', async (_what, input, answer) => {
  expect(textOf(await ask(input))).toMatch(answer)
})

test.each([
  ['no JSON', '{'],
  ['no object', '[]'],
  ['no input', '{"items":[]}'],
  ['items that are no list', '{"input":{},"items":{}}'],
])('%s is refused with 400', async (_what, body) => {
  const response = await post(body)
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ error: { message: expect.stringContaining('input') as string } })
})

test('only POST is answered', async () => {
  const response = await fetch(url)
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe('POST')
})

test('of a long text only the beginning is heard, since the patterns of elizabot are slow on long ones', async () => {
  const long = 'i '.repeat(100_000)
  expect(await ask(user(long))).toEqual(await ask(user(long.slice(0, 256))))
})

test('the stream stops when the reader goes away', async () => {
  process.env.ELIZA_DELAY_MS = '60000'
  const reader = new AbortController()
  const response = await post({ input: user('Hello'), items: [] }, reader.signal)
  await response.body!.getReader().read()
  reader.abort()
  await Promise.all(handled)
})
