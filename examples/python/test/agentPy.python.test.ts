import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { signatureHeaders } from '../../../workers/webhooks/signatureHeaders.ts'
import { type Served, SECRET, framesOf, post, request, signed } from '../../../sdk/agent/test/serving.ts'
import { freePort } from '../../../test/freePort.ts'
import { describeWithPython, python } from '../../../test/python.ts'

const FOLDER = path.join(import.meta.dirname, '..')

const children: ChildProcess[] = []

/** Runs Python with these arguments and a free port, until it says that it listens. */
async function start(...args: string[]): Promise<Served & { child: ChildProcess }> {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), AGENTVIEW_SIGNING_SECRET: SECRET, PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn(python(), args, { cwd: FOLDER, env, stdio: ['pipe', 'pipe', 'ignore'] })
  children.push(child)
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const url = `http://127.0.0.1:${port}/`
  return { child, url, send: (init) => fetch(url, init) }
}

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** An agent in the place of the example's; `sys`, `agent` are there. */
const withAgent = (code: string) =>
  start('-c', `import sys, agent\nagent.HEARTBEAT_SECONDS = 0.02\n${code}\nagent.serve(it)`)

describeWithPython('the agent in Python', () => {
  let served: Awaited<ReturnType<typeof start>>

  beforeAll(async () => {
    served = await start('agent.py')
  })

  test('streams its words and says that all is said', async () => {
    const response = await post(served)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await framesOf(response)).toEqual([
      ['version', { version: '1.0.0' }],
      ['text', { delta: 'You said "Grüße 🎉", ' }],
      ['text', { delta: 'after 1 earlier items.' }],
      ['usage', { inputTokens: 2, outputTokens: 6 }],
      ['done', {}],
    ])
  })

  test('answers on one connection again and again', async () => {
    for (let turn = 0; turn < 20; turn++) expect(await framesOf(await post(served))).toHaveLength(5)
  })

  const body = JSON.stringify(request)
  const minutes = (count: number) => new Date(Date.now() + count * 60_000)
  const two = signatureHeaders([`whsec_${'A'.repeat(44)}`, SECRET], 'run_1-1', body, new Date())

  describe('answers', () => {
    test.each<[number, string, Record<string, string>, string]>([
      [200, 'when one of two signatures is ours', two, body],
      [401, 'without a signature', {}, body],
      [401, 'when it is somebody else’s', signed(body, `whsec_${'A'.repeat(44)}`), body],
      [401, 'when it is of another body', signed(body), `${body} `],
      [401, 'after ten minutes', signed(body, SECRET, minutes(-10)), body],
      [401, 'ten minutes ahead', signed(body, SECRET, minutes(10)), body],
      [401, 'when its time is none', { ...signed(body), 'webhook-timestamp': '1e9' }, body],
      [401, 'when its time is in other digits', { ...signed(body), 'webhook-timestamp': '²' }, body],
      [400, 'when it is no JSON', signed('no JSON'), 'no JSON'],
      [400, 'when it is a list', signed('[]'), '[]'],
      [400, 'when there is no history', signed('{"input":{}}'), '{"input":{}}'],
    ])('%i %s', async (status, _when, headers, text) => {
      expect((await served.send({ method: 'POST', headers, body: text })).status).toBe(status)
    })

    test('405 to a GET', async () => {
      expect((await served.send({ method: 'GET' })).status).toBe(405)
    })
  })

  test('survives those who hang up', async () => {
    for (let turn = 0; turn < 10; turn++) await (await post(served)).body!.cancel()
    expect((await post(served)).status).toBe(200)
    expect(served.child.exitCode).toBeNull()
  })

  test('sends heartbeats while it is silent, and nothing after its end', async () => {
    const slow = await withAgent(`def it(request):\n  sys.stdin.readline()\n  yield "text", {"delta": "At last."}`)
    for (let turn = 0; turn < 20; turn++) {
      const response = await post(slow)
      let text = ''
      let asked = false
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk
        if (asked || !text.includes(':\n\n:\n\n')) continue
        asked = true
        slow.child.stdin!.write('\n')
      }
      expect(text).toMatch(
        /^event: version\n.+\n\n(:\n\n){2,}event: text\ndata: {"delta": "At last."}\n\n(:\n\n)*event: done\ndata: {}\n\n$/,
      )
    }
  })

  test('fails without telling what its code says, and goes on', async () => {
    const failing = await withAgent(`def it(request):\n  yield "text", {"delta": "One "}\n  raise OSError("secret")`)
    for (let turn = 0; turn < 3; turn++) {
      expect((await framesOf(await post(failing))).slice(1)).toEqual([
        ['text', { delta: 'One ' }],
        ['error', { message: 'The agent failed.', retryable: true }],
      ])
    }
  })

  test('ends with a pause, and is asked nothing more', async () => {
    const toolCalls = [{ callId: 'c', name: 'ask', arguments: {} }]
    const call = '{"callId": "c", "name": "ask", "arguments": {}}'
    const asking = await withAgent(
      `def it(request):\n  yield "pause", {"toolCalls": [${call}]}\n  yield "text", {"delta": "?"}`,
    )
    expect((await framesOf(await post(asking))).slice(1)).toEqual([['pause', { toolCalls }]])
  })
})
