import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createOutboundGuard } from '../guard.ts'
import { guardedFetch } from '../guardedFetch.ts'

let server: Server
let url: string
const asked: string[] = []

beforeAll(async () => {
  server = createServer(({ url: path = '' }, response) => {
    asked.push(path)
    if (path === '/redirect') response.writeHead(302, { location: '/keys' }).end()
    else if (path === '/none') response.writeHead(204).end()
    else response.end(path === '/large' ? 'x'.repeat(2_000) : '{"keys":[]}')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const options = () => ({ headers: new Headers({ accept: 'application/json' }), signal: AbortSignal.timeout(60_000) })
const open = guardedFetch(createOutboundGuard(['127.0.0.1']), { timeout: 5_000, maxBytes: 1_000 })

test('what is allowed is fetched', async () => {
  const answer = await open(`${url}/keys`, options())
  expect([answer.status, await answer.json()]).toEqual([200, { keys: [] }])
})

test('a redirect is an answer like another, and is not followed', async () => {
  asked.length = 0
  expect((await open(`${url}/redirect`, options())).status).toBe(302)
  expect((await open(`${url}/none`, options())).status).toBe(204)
  expect(asked).toEqual(['/redirect', '/none'])
})

test('what is too long is not read to its end', async () => {
  await expect(open(`${url}/large`, options())).rejects.toThrow()
})

test('keys are fetched over http from this machine only', async () => {
  const named = guardedFetch(createOutboundGuard(['keys.example']), { timeout: 5_000, maxBytes: 1_000 })
  await expect(named('http://keys.example/', options())).rejects.toThrow('https')
})

test('what the guard forbids is not even connected to', async () => {
  asked.length = 0
  const closed = guardedFetch(createOutboundGuard([]), { timeout: 5_000, maxBytes: 1_000 })
  await expect(closed(`${url}/keys`, options())).rejects.toThrow('this machine')
  expect(asked).toEqual([])
})
