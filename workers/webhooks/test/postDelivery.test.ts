import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Agent } from 'undici'
import { createOutboundGuard } from '@shared/outbound/guard'
import { guardedConnector } from '@shared/outbound/guardedConnector'
import { eventually } from '../../../test/server/eventually.ts'
import { postDelivery } from '../postDelivery.ts'
import { type Receiver, answer, startReceiver } from './receiver.ts'

let receiver: Receiver
const guard = createOutboundGuard(['127.0.0.0/8'])
const dispatcher = new Agent({
  connect: guardedConnector(guard, { timeout: 20_000 }),
  headersTimeout: 0,
  bodyTimeout: 0,
})
const never = new AbortController().signal

beforeAll(async () => {
  receiver = await startReceiver()
})
afterEach(() => eventually(() => receiver.open() === 0))
afterAll(async () => {
  await dispatcher.destroy()
  await receiver.close()
})

const post = (totalMs: number, signal = never, url = receiver.url) =>
  postDelivery({
    url,
    headers: { 'webhook-id': 'whd_1' },
    body: '{}',
    guard,
    dispatcher,
    totalMs,
    signal,
    now: () => new Date(),
  })

describe('a receiver that', () => {
  test('hangs is given up after its time', async () => {
    receiver.onRequest = () => undefined
    expect(await post(30)).toEqual({ error: 'The receiver did not answer within 0.03 s.' })
  })

  test('answers a body without end has answered', async () => {
    receiver.onRequest = ({ response }) => {
      response.writeHead(200)
      const more = setInterval(() => response.write('x'.repeat(65_536)), 1)
      response.on('close', () => clearInterval(more))
    }
    expect(await post(20_000)).toEqual({ status: 200, retryAfterMs: null })
  })

  test('says that it is large, is not read', async () => {
    receiver.onRequest = ({ response }) => response.writeHead(500, { 'content-length': '1000000000' }).write('x')
    expect(await post(20_000)).toEqual({ status: 500, retryAfterMs: null })
  })

  test('asks for a pause is heard', async () => {
    receiver.onRequest = answer(429, { 'retry-after': '7' })
    expect(await post(20_000)).toEqual({ status: 429, retryAfterMs: 7_000 })
  })

  test('redirects is not followed', async () => {
    receiver.received.length = 0
    receiver.onRequest = answer(307, { location: receiver.url })
    expect(await post(20_000)).toMatchObject({ status: 307 })
    expect(receiver.received).toHaveLength(1)
  })
})

test('one that is broken off throws why', async () => {
  receiver.onRequest = () => undefined
  const controller = new AbortController()
  const sent = post(20_000, controller.signal)
  await eventually(() => receiver.open() === 1)
  controller.abort(new Error('stopped'))
  await expect(sent).rejects.toThrow('stopped')
  await expect(post(20_000, controller.signal)).rejects.toThrow('stopped')
})

test('a URL that may not be called is not', async () => {
  expect(await post(20_000, never, 'ftp://127.0.0.1/')).toEqual({
    error: 'The endpoint’s URL is not an http or https URL.',
  })
})
