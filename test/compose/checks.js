import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import { AgentViewClient } from '@agentview/client'
import { run } from './program.js'
import { WORDS } from './words.mjs'

/** A killed worker's lease has to end first, then another one begins anew. */
const ANSWER_MS = 90_000
const CONVERSATIONS = 8

/** What must hold of a started stack. @type {Record<string, (stack: import('./stack.js').Stack) => Promise<void>>} */
export const CHECKS = {
  'the API, its page and Studio answer through the ingress': async ({ url }) => {
    for (const [path, type] of [
      ['/openapi.json', 'application/json'],
      ['/docs/', 'text/html'],
      ['/studio/', 'text/html'],
      ['/admin/v1/openapi.json', 'application/json'],
    ]) {
      const response = await fetch(url + path)
      assert.equal(response.status, 200, path)
      assert.match(response.headers.get('content-type') ?? '', new RegExp(type), path)
    }
  },

  'our processes run as nobody special': async (stack) => {
    for (const service of ['api', 'realtime', 'admin', 'worker']) {
      const [container] = await stack.containers(service)
      assert.equal((await run(['docker', 'exec', container, 'id', '-un'])).trim(), 'node', service)
    }
  },

  'the owner of the credentials file logs in': async (stack) => {
    const { owner } = await stack.credentials()
    const body = JSON.stringify({ email: owner.email, password: owner.password })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${stack.url}/admin/v1/login`, { method: 'POST', headers, body })
    assert.equal(response.status, 200)
    assert.equal((await response.json()).user.email, owner.email)
  },

  'an answer comes whole over a socket, and over server-sent events': async (stack) => {
    await Promise.all(['socket', 'sse'].map((transport) => answered(stack, transport)))
  },

  'workers that are killed in the middle lose nothing, and nothing is said twice': async (stack) => {
    const workers = await stack.containers('worker')
    const begun = new Set()
    const answers = Array.from({ length: CONVERSATIONS }, () =>
      answered(stack, 'socket', (client) => begun.add(client)),
    )
    while (begun.size < CONVERSATIONS) await sleep(20)
    await run(['docker', 'kill', ...workers])
    await run(['docker', 'start', ...workers])
    const attempts = await Promise.all((await Promise.all(answers)).map((runId) => attemptsOf(stack, runId)))
    assert.ok(Math.max(...attempts) > 1, 'the killed workers had none of the runs')
  },
}

async function attemptsOf(stack, runId) {
  const { secretKey } = await stack.credentials()
  const response = await fetch(`${stack.url}/v1/runs/${runId}`, { headers: { authorization: `Bearer ${secretKey}` } })
  assert.equal(response.status, 200)
  return (await response.json()).attempts.length
}

/**
 * Sends one message as a new visitor, reads its answer to the end and gives the run's id; throws when the answer is not the
 * agent app's, whole and once.
 */
async function answered(stack, transport, onText = () => undefined) {
  const { publishableKey } = await stack.credentials()
  const client = new AgentViewClient({
    endpoint: stack.url,
    publishableKey,
    agent: 'counter',
    transports: [transport],
  })
  try {
    const ended = new Promise((resolve, reject) => {
      client.once('run:completed', resolve)
      client.once('run:failed', (failed) => reject(new Error(`the run failed: ${JSON.stringify(failed)}`)))
      setTimeout(() => reject(new Error(`no answer over ${transport} in ${ANSWER_MS} ms`)), ANSWER_MS).unref()
    })
    client.on('message:update', ({ role }) => role === 'assistant' && onText(client))
    await client.sendMessage('count')
    await ended
    const { messages, runs } = client.getState()
    assert.deepEqual(
      messages.map(({ role, text }) => [role, text]),
      [
        ['user', 'count'],
        ['assistant', WORDS.join('')],
      ],
    )
    return runs[0].id
  } finally {
    client.disconnect()
  }
}
