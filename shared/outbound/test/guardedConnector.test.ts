import type { LookupAddress, LookupOptions } from 'node:dns'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { Agent, request } from 'undici'
import { createOutboundGuard } from '../guard.ts'
import { OutboundRefused, guardedConnector } from '../guardedConnector.ts'

let server: Server
let port: number
let arrived = 0
const agents: Agent[] = []

beforeAll(async () => {
  server = createServer((incoming, response) => {
    arrived++
    if (incoming.url === '/redirect') response.writeHead(302, { location: `http://127.0.0.1:${port}/` })
    response.end()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
beforeEach(() => {
  arrived = 0
})
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.destroy()))
  await new Promise((resolve) => server.close(resolve))
})

/** A resolver that says one thing after the other. */
function saying(...answers: string[][]) {
  let asked = 0
  const resolve = (
    _host: string,
    _options: LookupOptions,
    callback: (error: null, addresses: LookupAddress[]) => void,
  ) => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? []
    callback(
      null,
      answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return { resolve, asked: () => asked }
}

function agentWith(allow: string[], resolve?: ReturnType<typeof saying>['resolve']): Agent {
  const connect = guardedConnector(createOutboundGuard(allow), { timeout: 20_000, ...(resolve && { resolve }) })
  const agent = new Agent({ connect, connections: 1 })
  agents.push(agent)
  return agent
}

const get = (dispatcher: Agent, host: string, path = '/') => request(`http://${host}:${port}${path}`, { dispatcher })

test.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '10.0.0.1', '2130706433', '0x7f.1'])(
  'nothing is connected to at %s',
  async (host) => {
    await expect(get(agentWith([]), host)).rejects.toThrow(OutboundRefused)
    expect(arrived).toBe(0)
  },
)

test.each([['127.0.0.1'], ['::1'], ['10.0.0.1', '192.168.0.1'], ['::ffff:127.0.0.1'], ['64:ff9b::7f00:1'], []])(
  'nor at a name that resolves to %j %j',
  async (...addresses) => {
    await expect(get(agentWith([], saying(addresses).resolve), 'evil.example')).rejects.toThrow(OutboundRefused)
    expect(arrived).toBe(0)
  },
)

test('the real resolver is asked as well', async () => {
  await expect(get(agentWith([]), 'localhost')).rejects.toThrow(OutboundRefused)
  expect((await get(agentWith(['127.0.0.0/8', '::1']), 'localhost')).statusCode).toBe(200)
})

test('a name is resolved once for a connection, so that one which changes gains nothing', async () => {
  const names = saying(['127.0.0.1'], ['10.0.0.1'])
  const agent = agentWith(['127.0.0.1'], names.resolve)
  const { statusCode, body } = await get(agent, 'rebinding.example')
  await body.dump()
  expect([statusCode, names.asked()]).toEqual([200, 1])
  // On the connection that is open: nothing is asked.
  await (await get(agent, 'rebinding.example')).body.dump()
  expect(names.asked()).toBe(1)
  await expect(get(agentWith(['127.0.0.1'], names.resolve), 'rebinding.example')).rejects.toThrow(OutboundRefused)
  expect(arrived).toBe(2)
})

test('of several addresses only those that are allowed are tried', async () => {
  const names = saying(['10.255.255.1', '127.0.0.1'])
  expect((await get(agentWith(['127.0.0.1'], names.resolve), 'two.example')).statusCode).toBe(200)
})

test('a host that is allowed by its name is reached wherever it is', async () => {
  const agent = agentWith(['agents.internal'], saying(['127.0.0.1']).resolve)
  expect((await get(agent, 'agents.internal')).statusCode).toBe(200)
  await expect(get(agent, 'other.internal')).rejects.toThrow(OutboundRefused)
})

test('redirects are not followed', async () => {
  const agent = agentWith(['agents.internal'], saying(['127.0.0.1']).resolve)
  expect((await get(agent, 'agents.internal', '/redirect')).statusCode).toBe(302)
  expect(arrived).toBe(1)
})
