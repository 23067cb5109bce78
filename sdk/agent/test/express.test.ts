import { createServer } from 'node:http'
import express from 'express'
import { defineAgent } from '../defineAgent.ts'
import { toNodeHandler } from '../node.ts'
import { SECRET, closeServers, listenOn, post } from './serving.ts'

afterEach(closeServers)

const agent = defineAgent(async function* () {
  yield 'Here.'
})

async function behind(parser: express.RequestHandler, told: unknown[] = []) {
  const app = express()
  app.use(parser)
  app.post('/', toNodeHandler(agent, { secret: SECRET, onError: (error) => told.push(error) }))
  const url = await listenOn(createServer(app))
  return { url, send: (init: RequestInit) => fetch(url, init) }
}

test('an agent behind express.raw() gets the bytes', async () => {
  expect((await post(await behind(express.raw({ type: '*/*' })))).status).toBe(200)
})

test('an agent behind express.json() says what is wrong', async () => {
  const told: unknown[] = []
  expect((await post(await behind(express.json(), told))).status).toBe(500)
  expect(String(told[0])).toMatch('put its route before express.json()')
})

test('a caller that goes away while it sends is no fault of the agent', async () => {
  const told: unknown[] = []
  const url = await listenOn(
    createServer((request, response) => {
      void toNodeHandler(agent, { secret: SECRET, onError: (error) => told.push(error) })(request, response).finally(
        handled,
      )
      got()
    }),
  )
  let got = () => {}
  let handled = () => {}
  const arrived = new Promise<void>((resolve) => (got = resolve))
  const done = new Promise<void>((resolve) => (handled = resolve))
  const gone = new AbortController()
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) })
  const init = { method: 'POST', body, duplex: 'half' as const, signal: gone.signal }
  const sending = fetch(url, init).catch(() => undefined)
  await arrived
  gone.abort()
  await Promise.all([sending, done])
  expect(told).toEqual([])
})
