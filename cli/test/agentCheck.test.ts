import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AGUIEvent } from '@ag-ui/core'
import { RunAgentInputSchema } from '@ag-ui/core/schemas'
import { EventEncoder } from '@ag-ui/encoder'
import { afterEach, describe, expect, test } from '@jest/globals'
import { defineAgent } from '../../sdk/agent/defineAgent.ts'
import { toNodeHandler } from '../../sdk/agent/node.ts'
import { newSigningSecret } from '@shared/store/sealedSecrets'
import { closeAgentConnections } from '@workers/agent/callAgentApp'
import { type AgentToCheck, checkAgent } from '../agentCheck/checkAgent.ts'
import { type Finding, formatFinding } from '../agentCheck/finding.ts'
import { AgentviewProcess } from './agentviewProcess.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

const secret = newSigningSecret()
const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await closeAgentConnections()
  for (const close of closing.splice(0)) await close()
})

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => void handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function findingsOn(handler: Handler, more: Partial<AgentToCheck> = {}): Promise<Finding[]> {
  const agent = {
    url: await serve(handler),
    protocol: 'agentview' as const,
    secret,
    totalMs: 60_000,
    input: { content: 'Hi' },
    metadata: {},
    runType: 'chat',
  }
  const findings: Finding[] = []
  for await (const finding of checkAgent({ ...agent, ...more })) findings.push(finding)
  return findings
}

const verdictsOf = (findings: Finding[]) => findings.map(({ check, verdict }) => `${check}: ${verdict}`)

const good = toNodeHandler(
  defineAgent(
    async function* ({ input }) {
      yield `You said ${JSON.stringify(input.content)}.`
    },
    { version: '1.0.0' },
  ),
  { secret },
)

/** Reads the request, and answers with these frames whoever asks. */
function saying(...frames: [name: string, data: object][]): Handler {
  return async (request, response) => {
    await drained(request)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const [name, data] of frames) response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
    response.end()
  }
}

async function drained(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

const answering =
  (status: number, body: object = {}): Handler =>
  async (request, response) => {
    await drained(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

test('an agent of the kit has nothing wrong', async () => {
  expect(verdictsOf(await findingsOn(good))).toEqual([
    'answers: good',
    'streams: good',
    'version: good',
    expect.stringMatching(/^timing: (good|doubtful)$/),
    expect.stringMatching(/^heartbeat: (good|doubtful)$/),
    'forged signature: good',
    'old signature: good',
    'unknown members: good',
    'long history: good',
    'broken body: good',
    'hanging up: good',
  ])
})

test('an agent whose secret is another is told to give it, and nothing else', async () => {
  const findings = await findingsOn(good, { secret: null })
  expect(verdictsOf(findings)).toEqual(['answers: bad'])
  expect(formatFinding(findings[0]!)).toMatch(/^✗ answers +The agent app answered 401\. .*--secret/)
})

test('an agent that is not there is told in one line', async () => {
  const findings = await findingsOn(good, { url: 'http://127.0.0.1:1/' })
  expect(findings.map(formatFinding)).toEqual([expect.stringMatching(/can't be reached.*Is it running/)])
})

const TEXT: [string, object] = ['text', { delta: 'Hi' }]

test.each<[string, Handler, RegExp]>([
  ['ends without done', saying(TEXT), /ended without "done".*End every stream/],
  ['sends a frame that there is not', saying(TEXT, ['itme', {}]), /unknown frame "itme"/],
  ['sends a frame with the wrong data', saying(['text', { text: 'Hi' }]), /"text" that is not valid.*delta/],
  ['ends without an item', saying(['done', {}]), /without an item/],
  ['fails by itself', saying(['error', { code: 'no_order', message: 'No order' }]), /error "no_order": No order\./],
  ['answers with another type', (_request, response) => response.end('Hello'), /✗ answers/],
  ['is at another path', answering(404), /404.*Is the path right/],
  ['crashes', answering(500), /500.*Its log says why/],
])('an agent that %s is told so', async (_what, handler, line) => {
  const findings = await findingsOn(handler)
  expect(verdictsOf(findings)).toEqual(['answers: bad'])
  expect(formatFinding(findings[0]!)).toMatch(line)
})

test('an agent that checks nothing and answers in one piece works, and is told how to do better', async () => {
  const findings = await findingsOn(answering(200, { items: [{ type: 'message', content: 'Hi' }] }))
  expect(findings.filter(({ verdict }) => verdict === 'bad')).toEqual([])
  expect(verdictsOf(findings)).toEqual(
    expect.arrayContaining([
      'streams: doubtful',
      'version: doubtful',
      'forged signature: doubtful',
      'old signature: doubtful',
      'broken body: doubtful',
    ]),
  )
})

test('an agent that answers 202 is not asked for frames', async () => {
  const findings = await findingsOn(answering(202))
  expect(verdictsOf(findings)[0]).toBe('answers: good')
  expect(verdictsOf(findings)).not.toContain('streams: good')
})

test('an agent with a small limit on bodies is told to raise it', async () => {
  const findings = await findingsOn(async (request, response) => {
    const body = await drained(request)
    if (body.length > 100_000) return response.writeHead(413).end()
    return saying(TEXT, ['done', {}])(request, response)
  })
  const long = findings.find(({ check }) => check === 'long history')
  expect(long).toMatchObject({ verdict: 'bad', advice: expect.stringMatching('Accept longer bodies') })
})

test('an agent that is gone once somebody has hung up is told so', async () => {
  let calls = 0
  let left = false
  const findings = await findingsOn(async (request, response) => {
    await drained(request)
    if (left) return request.socket.destroy()
    // Those before are the other checks, these hang up.
    if (++calls <= 6) return saying(TEXT, ['done', {}])(request, response)
    response.once('close', () => void (left = true))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    return response.write('event: text\ndata: {"delta":"Hi"}\n\n')
  })
  expect(verdictsOf(findings).at(-1)).toBe('hanging up: bad')
})

test('agentview agent check says it line by line, and its exit code whether something is wrong', async () => {
  const url = await serve(good)
  const checked = new AgentviewProcess(['agent', 'check', url, '--secret', secret, '--input', 'Good day'], {})
  expect(await checked.exit()).toBe(0)
  expect(checked.output).toMatch(/^✓ answers .*\n✓ streams (.*\n)+\d+ good, \d could be better, 0 wrong\n$/)

  const wrong = new AgentviewProcess(['agent', 'check', await serve(saying(TEXT))], {
    AGENTVIEW_SIGNING_SECRET: secret,
  })
  expect(await wrong.exit()).toBe(1)
  expect(wrong.output).toMatch(/0 good, 0 could be better, 1 wrong\n$/)
})

test.each([
  ['an address that is none', ['nowhere'], /It must be/],
  ['metadata that is no object', ['http://localhost:1', '--metadata', '[]'], /It must be/],
  ['a protocol that it can not check', ['http://localhost:1', '--protocol', 'openai'], /choices are agentview, ag-ui/],
])('agentview agent check refuses %s', async (_what, args, why) => {
  const refused = new AgentviewProcess(['agent', 'check', ...args], {})
  expect(await refused.exit()).toBe(1)
  expect(refused.output).toMatch(why)
})

describe('an agent that speaks AG-UI', () => {
  /** As its documentation has it: input checked, events encoded by the official package. */
  function agUi(...events: Record<string, unknown>[]): Handler {
    return async (request, response) => {
      const text = await drained(request)
      if (request.headers.authorization !== 'Bearer sk-check') return response.writeHead(401).end()
      const input = text.endsWith('}') ? RunAgentInputSchema.safeParse(JSON.parse(text)).data : undefined
      if (!input) return response.writeHead(400).end()
      const { threadId, runId } = input
      const encoder = new EventEncoder()
      response.writeHead(200, { 'content-type': encoder.getContentType() })
      for (const event of events) response.write(encoder.encode({ threadId, runId, ...event } as unknown as AGUIEvent))
      response.end()
    }
  }
  const message = { messageId: 'm' }
  const words = [
    { type: 'RUN_STARTED' },
    { type: 'TEXT_MESSAGE_START', ...message, role: 'assistant' },
    { type: 'TEXT_MESSAGE_CONTENT', ...message, delta: 'Hi' },
    { type: 'TEXT_MESSAGE_END', ...message },
  ]
  const about = { protocol: 'ag-ui', apiKey: 'sk-check' } as const

  test('has nothing wrong', async () => {
    const findings = await findingsOn(agUi(...words, { type: 'RUN_FINISHED' }), about)
    expect(verdictsOf(findings)).toEqual([
      'answers: good',
      'streams: good',
      expect.stringMatching(/^timing: (good|doubtful)$/),
      expect.stringMatching(/^heartbeat: (good|doubtful)$/),
      'unknown members: good',
      'long history: good',
      'broken body: good',
      'hanging up: good',
    ])
  })

  test.each<[string, Handler, Partial<AgentToCheck>, RegExp]>([
    ['ends without RUN_FINISHED', agUi(...words), {}, /without RUN_FINISHED.*End every stream with RUN_FINISHED/],
    ['breaks the order', agUi(...words.slice(1)), {}, /began with TEXT_MESSAGE_START.*docs\.ag-ui\.com/],
    ['tells of another run', agUi({ type: 'RUN_STARTED', runId: 'x' }), {}, /must name the runId/],
    ['wants a key', agUi(...words), { apiKey: undefined }, /401.*--api-key/],
    ['is one of ours', good, {}, /refuse|401|400/],
  ])('that %s is told so', async (_what, handler, more, line) => {
    const findings = await findingsOn(handler, { ...about, ...more })
    expect(verdictsOf(findings)).toEqual(['answers: bad'])
    expect(formatFinding(findings[0]!)).toMatch(line)
  })
})
