import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, expect, test } from '@jest/globals'
import { SignJWT } from 'jose'
import { io } from 'socket.io-client'
import type { Item, Run } from '@shared/domain/objects'
import { createTestDatabase } from '../../test/database.ts'
import { freePort } from '../../test/freePort.ts'
import { testRedisUrl } from '../../test/redis.ts'
import { eventually } from '../../test/server/eventually.ts'
import type { Credentials } from '../credentials.ts'
import { AgentviewProcess, cleanUp, makeDataFolder } from './agentviewProcess.ts'

/** Stands in all that nobody may find in a log. */
const CANARY = 'canary9d41'
const CUSTOMER_SECRET = `${CANARY}-customers-own-secret-0123456789`

const servers: Server[] = []
afterEach(cleanUp)
afterAll(() => servers.forEach((server) => server.close()))

/** An agent app that says the canary in every way, and fails in most of them; also a receiver of webhooks that does. */
async function startCanaryApp(): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = /"content":"(\w+)/.exec(Buffer.concat(chunks).toString())?.[1]
      if (request.url?.startsWith('/hook')) return void response.writeHead(500).end(CANARY)
      if (asked === 'refuse') return void response.writeHead(400, { 'x-a': CANARY }).end(`{"error":"${CANARY}"}`)
      if (asked === 'hangup') return void request.socket.destroy()
      if (asked === 'nonsense')
        return void response.writeHead(200, { 'content-type': 'application/json' }).end(`{"items": ${CANARY}`)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const frame = (name: string, data: object) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
      frame('text', { delta: CANARY })
      if (asked === 'odd') frame(CANARY, { of: CANARY })
      else if (asked === 'error') frame('error', { message: CANARY, code: 'agent_error' })
      else frame('done', {})
      response.end()
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('no log of a whole installation, at its most talkative, holds what people wrote or how they came in', async () => {
  const database = await createTestDatabase()
  const app = await startCanaryApp()
  const folder = await makeDataFolder()
  const config = path.join(folder, 'agentview.config.ts')
  const retries = { max: 1, backoffMs: 1 }
  const agents = [
    { name: 'canary', version: '1.0.0', url: `${app}/${CANARY}`, policy: { retries }, runs: [{ type: 'chat' }] },
  ]
  await writeFile(config, `export default ${JSON.stringify({ agents, auth: { secret: CUSTOMER_SECRET } })}`)
  const port = String(await freePort())
  const running = new AgentviewProcess(['start'], {
    DATABASE_URL: database.url,
    ...(process.env.AGENTVIEW_TEST_REDIS_URL && { REDIS_URL: testRedisUrl() }),
    AGENTVIEW_SECRET: `${CANARY}-signs-and-seals-0123456789abcdef`,
    AGENTVIEW_AUTO_MIGRATE: '1',
    AGENTVIEW_DATA: path.join(folder, 'data'),
    AGENTVIEW_CONFIG: config,
    AGENTVIEW_ALLOW_HOSTS: '127.0.0.1',
    LOG_LEVEL: 'trace',
    HOST: '127.0.0.1',
    PORT: port,
  })
  await running.says('AgentView is ready')
  const url = `http://127.0.0.1:${port}`
  const { secretKey, publishableKey } = JSON.parse(
    await readFile(path.join(folder, 'data', 'credentials.json'), 'utf8'),
  ) as Credentials

  async function call(method: string, place: string, body?: unknown, credential: string | null = secretKey, more = {}) {
    const headers = {
      ...(credential !== null && { authorization: `Bearer ${credential}` }),
      'content-type': 'application/json',
      ...more,
    }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await fetch(url + place, { method, headers, ...(body !== undefined && { body: text }) })
    return { status: answer.status, body: (await answer.json().catch(() => null)) as unknown }
  }
  const runOf = (answer: { body: unknown }) => (answer.body as { run: Run }).run

  const customersToken = await new SignJWT({ sub: `person-${CANARY}` })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(CUSTOMER_SECRET))
  const beside = { 'agentview-key': publishableKey }
  const hook = { url: `${app}/hook/${CANARY}?key=${CANARY}`, events: ['run.completed', 'run.failed'] }

  const statuses = [
    await call('POST', '/v1/webhook-endpoints', hook),
    await call('POST', '/v1/end-users', { externalId: CANARY, metadata: { name: CANARY } }),
    await call('POST', '/v1/auth/anonymous', { metadata: { name: CANARY } }, publishableKey),
    await call('POST', '/v1/auth/refresh', { refreshToken: `av_rt_${CANARY}` }, publishableKey),
    await call('GET', `/v1/sessions?metadata.name=${CANARY}`, undefined, customersToken, beside),
    await call('GET', '/v1/sessions', undefined, `av_sk_${CANARY}`),
    await call('GET', '/v1/sessions', undefined, `${customersToken}${CANARY}`, beside),
    await call('GET', `/v1/sessions?${CANARY}=1`),
    await call('GET', `/v1/runs/${CANARY}`),
    await call('POST', '/v1/messages', `{"agent":"canary","input":"${CANARY}`),
    await call('POST', '/v1/messages', { agent: CANARY, input: CANARY }),
    await call('POST', '/v1/messages', { agent: 'canary', input: `${CANARY}\u0000` }),
    await call('POST', `/agno/${CANARY}`, `{${CANARY}`),
    await call('POST', `/ag-ui/${CANARY}`, `{${CANARY}`),
  ].map(({ status }) => status)
  expect(statuses).toEqual([201, 201, 201, 401, 200, 401, 401, 400, 400, 400, 404, 400, 400, 400])

  const key = { 'idempotency-key': CANARY }
  const asked = ['say', 'refuse', 'hangup', 'nonsense', 'odd', 'error'].map((word) => ({
    agent: 'canary',
    input: { type: 'message', content: word, more: CANARY },
    metadata: { of: CANARY },
    title: CANARY,
  }))
  const runs = await Promise.all(
    asked.map((body, index) => call('POST', '/v1/messages', body, secretKey, index === 0 ? key : {})),
  )
  const ended = await Promise.all(
    runs.map((accepted) =>
      eventually(async () => {
        const { body } = await call('GET', `/v1/runs/${runOf(accepted).id}`)
        return (body as Run).endedAt !== undefined && (body as Run)
      }),
    ),
  )
  expect(ended.map(({ status }) => status)).toEqual(['completed', ...Array<string>(5).fill('failed')])
  const { body: items } = await call('GET', `/v1/sessions/${ended[0]!.sessionId}/items`)
  const output = (items as { data: Item[] }).data.find(({ kind }) => kind === 'output')!
  await call('POST', `/v1/items/${output.id}/feedback`, { value: 'up', comment: CANARY })
  await call('POST', '/v1/memories', { content: CANARY }, customersToken, beside)

  for (const auth of [{ token: CANARY }, { token: customersToken, key: publishableKey }]) {
    const socket = io(`${url}/client`, { auth, transports: ['websocket'], reconnection: false })
    await new Promise((resolve) => socket.once('connect', () => resolve(null)).once('connect_error', resolve))
    if (socket.connected)
      await socket.emitWithAck('message', { sessionId: CANARY, idempotencyKey: CANARY, input: CANARY })
    socket.close()
  }
  // Deliveries that failed are told as well.
  await running.says('delivery')
  expect(await running.stop('SIGTERM')).toBe(0)
  await database.drop()

  expect(running.output).toContain('run completed')
  expect(running.output).toContain('run failed')
  const secrets = [CANARY, customersToken.slice(0, 60)]
  expect(running.output.split('\n').filter((line) => secrets.some((text) => line.includes(text)))).toEqual([])
  // A first start shows the keys that it has made to whoever started it; its log lines don't.
  const lines = running.output.split('\n').filter((line) => line.startsWith('{'))
  expect(lines.length).toBeGreaterThan(8)
  expect(lines.filter((line) => line.includes(secretKey))).toEqual([])
})
