import { randomBytes } from 'node:crypto'
import { AgentError } from '../agentError.ts'
import { type AgentFunction, defineAgent } from '../defineAgent.ts'
import type { Frame } from '../frames.ts'
import {
  SECRET,
  SERVERS,
  type SentFrame,
  closeServers,
  framesOf,
  options,
  post,
  request,
  signed,
  until,
} from './serving.ts'

afterEach(closeServers)

const echo = defineAgent(async function* ({ input, items }) {
  yield `You said ${JSON.stringify(input.content)}`
  yield `, after ${items.length}.`
})

/** An agent that yields what no type allows. */
const yielding = (value: unknown): AgentFunction =>
  async function* () {
    yield value as Frame
  }

describe.each(Object.entries(SERVERS))('an agent on %s', (_name, serve) => {
  const answerOf = async (agent: AgentFunction, more = {}): Promise<SentFrame[]> =>
    framesOf(await post(await serve(defineAgent(agent), { ...options, ...more })))

  test('streams its words and says that all is said', async () => {
    const response = await post(await serve(echo, options))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await framesOf(response)).toEqual([
      ['text', { delta: 'You said "Grüße 🎉"' }],
      ['text', { delta: ', after 1.' }],
      ['done', {}],
    ])
  })

  test('answers in NDJSON who asks for nothing else', async () => {
    const served = await serve(echo, options)
    const body = JSON.stringify(request)
    const headers = { ...signed(body), accept: 'application/x-ndjson' }
    const response = await served.send({ method: 'POST', headers, body })
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = (await response.text()).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { event: 'text', delta: 'You said "Grüße 🎉"' },
      { event: 'text', delta: ', after 1.' },
      { event: 'done' },
    ])
  })

  test('reports its version first', async () => {
    const response = await post(await serve(defineAgent(echo.answer, { version: '1.4.0' }), options))
    expect((await framesOf(response))[0]).toEqual(['version', { version: '1.4.0' }])
  })

  test('is told what a newer AgentView adds, and does not mind', async () => {
    const served = await serve(echo, options)
    const body = JSON.stringify({ ...request, weather: 'fine', run: { ...request.run, mood: 1 } })
    expect((await served.send({ method: 'POST', headers: signed(body), body })).status).toBe(200)
  })

  test('is asked nothing more once it has paused', async () => {
    let wentOn = false
    const pause = { event: 'pause', toolCalls: [{ callId: 'c', name: 'ask', arguments: {} }] } as const
    const frames = await answerOf(async function* () {
      yield 'Let me ask.'
      yield pause
      wentOn = true
    })
    expect(frames.map(([event]) => event)).toEqual(['text', 'pause'])
    expect(wentOn).toBe(false)
  })

  test('sends heartbeats while it is silent', async () => {
    let heard = () => {}
    const hears = new Promise<void>((resolve) => (heard = resolve))
    const served = await serve(
      defineAgent(async function* () {
        await hears
        yield 'At last.'
      }),
      { ...options, heartbeatMs: 5 },
    )
    const response = await post(served)
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.startsWith(':\n\n:\n\n')) heard()
    }
    expect(text).toMatch(/^(:\n\n){2,}event: text\ndata: {"delta":"At last."}\n\n(:\n\n)*event: done\ndata: {}\n\n$/)
  })

  test('hears that nobody reads any more, and cleans up', async () => {
    const seen = { began: false, aborted: false, cleaned: false }
    const served = await serve(
      defineAgent(async function* (_request, { signal }) {
        try {
          yield 'One '
          seen.began = true
          await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
        } finally {
          seen.aborted = signal.aborted
          seen.cleaned = true
        }
      }),
      options,
    )
    const reading = new AbortController()
    const response = await post(served, {}, reading.signal)
    const reader = response.body!.getReader()
    await reader.read()
    await until(() => seen.began)
    // A server of Request and Response learns of it by either.
    reading.abort()
    await reader.cancel().catch(() => undefined)
    await until(() => seen.cleaned)
    expect(seen).toEqual({ began: true, aborted: true, cleaned: true })
  })

  test('that looks at no signal is left at its next word', async () => {
    let words = 0
    let cleaned = false
    const served = await serve(
      defineAgent(async function* () {
        try {
          for (;;) {
            await new Promise((resolve) => setTimeout(resolve, 1))
            yield `${words++} `
          }
        } finally {
          cleaned = true
        }
      }),
      options,
    )
    const reading = new AbortController()
    const response = await post(served, {}, reading.signal)
    const reader = response.body!.getReader()
    await reader.read()
    reading.abort()
    await reader.cancel().catch(() => undefined)
    await until(() => cleaned)
  })

  test('waits while its reader is slow', async () => {
    let made = 0
    const served = await serve(
      defineAgent(async function* () {
        for (; made < 2_000; made++) yield 'x'.repeat(65_536)
      }),
      options,
    )
    const reading = new AbortController()
    const response = await post(served, {}, reading.signal)
    const reader = response.body!.getReader()
    await reader.read()
    let before = -1
    while (before !== made) {
      before = made
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(made).toBeLessThan(2_000)
    reading.abort()
    await reader.cancel().catch(() => undefined)
  })

  describe('fails', () => {
    test('with its own words', async () => {
      const frames = await answerOf(async function* () {
        yield 'I look it up. '
        throw new AgentError('There is no such order.', { code: 'no_such_order' })
      })
      expect(frames[1]).toEqual([
        'error',
        { message: 'There is no such order.', code: 'no_such_order', retryable: false },
      ])
      expect(frames).toHaveLength(2)
    })

    test('without telling what a fault of its own says', async () => {
      const told: unknown[] = []
      const fault = new Error('password=hunter2')
      const throwing: AgentFunction = () => {
        throw fault
      }
      const frames = await answerOf(throwing, { onError: (error: unknown) => told.push(error) })
      expect(frames).toEqual([['error', { message: 'The agent failed.', code: 'agent_error', retryable: true }]])
      expect(told).toEqual([fault])
    })

    test.each([
      ['nothing', undefined, /not undefined/],
      ['a number', 7, /not 7/],
      ['an event that there is not', { event: 'itme', item: {} }, /not {"event":"itme"/],
      ['what is not JSON', { event: 'state', state: 1n }, /BigInt/],
    ])('when it yields %s', async (_what, value, message) => {
      const told: unknown[] = []
      const frames = await answerOf(yielding(value), { onError: (error: unknown) => told.push(error) })
      expect(frames.map(([event]) => event)).toEqual(['error'])
      expect(String(told[0])).toMatch(message)
    })
  })

  describe('answers', () => {
    const body = JSON.stringify(request)
    const other = `whsec_${randomBytes(32).toString('base64')}`
    const minutes = (count: number) => new Date(Date.now() + count * 60_000)
    const { 'webhook-signature': _signature, ...unsigned } = signed(body)

    test.each<[string, number, { method?: string; headers?: Record<string, string>; body?: string }]>([
      ['405 to a GET', 405, { method: 'GET' }],
      ['401 without a signature', 401, { headers: unsigned }],
      ['401 to somebody else’s secret', 401, { headers: signed(body, other) }],
      ['401 to a call of ten minutes ago', 401, { headers: signed(body, SECRET, minutes(-10)) }],
      ['401 to another body', 401, { headers: signed(body), body: `${body} ` }],
      ['400 to what is no JSON', 400, { headers: signed('no JSON'), body: 'no JSON' }],
      ['400 to a list', 400, { headers: signed('[]'), body: '[]' }],
      ['400 to a request without history', 400, { headers: signed('{"run":{}}'), body: '{"run":{}}' }],
      ['401 to nothing at all', 401, { headers: {}, body: '' }],
    ])('%s', async (_what, status, init) => {
      const served = await serve(echo, options)
      const given = { method: 'POST', body, headers: signed(body), ...init }
      const { body: text, ...rest } = given
      const response = await served.send(given.method === 'GET' ? rest : { ...rest, body: text })
      expect(response.status).toBe(status)
      expect(await response.json()).toEqual({ error: { code: expect.any(String), message: expect.any(String) } })
    })

    test('413 to more than it wants to read', async () => {
      const served = await serve(echo, { ...options, maxBodyBytes: 100 })
      expect((await post(served)).status).toBe(413)
    })

    test('to either secret while one replaces the other', async () => {
      const served = await serve(echo, { ...options, secret: [other, SECRET] })
      expect((await post(served)).status).toBe(200)
    })

    test('whoever calls, when it is told to', async () => {
      const served = await serve(echo, { ...options, secret: null })
      expect((await served.send({ method: 'POST', body })).status).toBe(200)
    })

    test('500 while its own secret is none', async () => {
      const told: unknown[] = []
      const served = await serve(echo, { secret: 'whsec_?', onError: (error) => told.push(error) })
      expect((await post(served)).status).toBe(500)
      expect(told).toHaveLength(1)
    })
  })

  test.each([undefined, ''])('does not start with the secret %p', async (secret) => {
    await expect(serve(echo, { secret })).rejects.toThrow('With null, anybody may call.')
  })
})
