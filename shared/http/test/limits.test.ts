import { type Server, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { clientRoutes } from '@shared/contracts/clientApi'
import { openDoor } from '@shared/intake/door'
import { type Limits, createLimits } from '@shared/limits/limits'
import { type LimitSettings, NO_LIMITS } from '@shared/limits/settings'
import { settleable } from '../../../test/server/eventually.ts'
import { answerErrors, jsonBody, newApp } from '../httpApp.ts'
import { mountRoutes } from '../mountRoutes.ts'
import type { Call, Reply } from '../serveRoute.ts'

const key = { kind: 'key', id: 'key_1' } as const
const warnings: string[] = []
const log = { warn: (_details: object, line: string) => void warnings.push(line) }
let server: Server

afterEach(() => void server?.close())

/** A server whose one route is handled as said. */
async function serve(
  settings: Partial<LimitSettings>,
  listAgents: (call: Call<'listAgents'>) => Promise<Reply>,
): Promise<{ url: string; port: number; limits: Limits }> {
  const limits = createLimits({ settings: { ...NO_LIMITS, ...settings }, counters: null, log })
  const caller = { kind: 'secret', organizationId: 'org_1', keyId: key.id } as const
  const door = openDoor({ authenticate: async () => caller, checkOrigin: async () => undefined }, limits)
  const app = newApp()
  app.use(jsonBody())
  mountRoutes(app, { listAgents: clientRoutes.listAgents }, { listAgents }, door)
  app.use(answerErrors(pino({ level: 'silent' })))
  server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1/agents`, port, limits }
}

const nothing = { status: 200, body: { data: [], nextCursor: null } }

describe('a request', () => {
  test('that is not sound counts as well', async () => {
    const { url } = await serve({ rates: { user: 0, key: 10, address: 0 } }, async () => nothing)
    const left = async (query: string) => (await fetch(url + query)).headers.get('ratelimit-remaining')
    expect([await left(''), await left('?limit=-1'), await left('?limit=1')]).toEqual(['9', '8', '7'])
  })

  test('that is over is answered like any other refusal', async () => {
    let handled = 0
    const { url } = await serve({ rates: { user: 0, key: 1, address: 0 } }, async () => {
      handled++
      return nothing
    })
    await fetch(url)
    const answer = await fetch(url)
    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).toBe('60')
    expect(await answer.json()).toEqual({
      error: {
        code: 'rate_limited',
        message: 'Too many requests: wait 60 s, then go on more slowly.',
        requestId: expect.any(String),
        retryAfter: 60,
      },
    })
    expect(handled).toBe(1)
  })
})

describe('a place', () => {
  test('is held until the answer is over', async () => {
    const seen: number[] = []
    const { url, limits } = await serve({}, async ({ stay }) => {
      stay()
      seen.push(limits.places.taken(key))
      return nothing
    })
    const answers = [await fetch(url), await fetch(url)]
    await Promise.all(answers.map((answer) => answer.text()))
    await new Promise((resolve) => setImmediate(resolve))
    expect([seen, limits.places.taken(key)]).toEqual([[1, 1], 0])
  })

  test('is given back at once to somebody who had gone before he took it', async () => {
    const { promise: over, resolve: end } = settleable()
    const { port, limits } = await serve({}, async ({ stay, response }) => {
      await once(response, 'close')
      await new Promise((resolve) => setImmediate(resolve))
      stay()
      end()
      return nothing
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /v1/agents HTTP/1.1\r\nHost: x\r\n\r\n')
    setTimeout(() => socket.destroy(), 50)
    await over
    expect(limits.places.taken(key)).toBe(0)
  })
})

test('a header that is not believed is told of once', async () => {
  const { limits } = await serve({}, async () => nothing)
  const request = { headers: { 'x-forwarded-for': '198.51.100.1' }, socket: { remoteAddress: '127.0.0.1' } }
  for (let times = 0; times < 3; times++) expect(limits.addressOf(request)).toBe('127.0.0.1')
  expect(warnings).toEqual([expect.stringContaining('AGENTVIEW_TRUSTED_PROXIES')])
})
