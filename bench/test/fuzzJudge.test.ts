import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { openApiDocument } from '@shared/contracts/openapi'
import { newId } from '@shared/domain/ids'
import { type OpenApi, routesOf } from '../fuzz/generate/routes.ts'
import { AnswerJudge, acknowledgementFaults } from '../fuzz/judge/judgeAnswer.ts'
import { Tally } from '../fuzz/run/tally.ts'
import { type RawAnswer, exchange } from '../fuzz/send/rawHttp.ts'

const routes = routesOf(openApiDocument('0.0.0') as unknown as OpenApi)
const readEndUser = routes.find(({ operationId }) => operationId === 'readEndUser')!
const requestId = newId('request')
const endUser = {
  id: newId('endUser'),
  anonymous: true,
  metadata: {},
  space: 'production',
  createdAt: '2026-01-01T00:00:00Z',
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): RawAnswer {
  const all = { 'content-type': 'application/json; charset=utf-8', 'x-request-id': requestId, ...headers }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { status, headers: new Map(Object.entries(all)), body: Buffer.from(text), open: false }
}

const refusal = (code: string, more: object = {}) => ({ error: { code, message: 'No.', requestId, ...more } })
const faults = (given: RawAnswer, method = 'GET') => new AnswerJudge().faultsOf(given, readEndUser, method)

describe('an answer', () => {
  test.each<[string, RawAnswer]>([
    ['that is documented', answer(200, endUser)],
    ['that refuses in the one shape', answer(404, refusal('not_found'))],
    ['that asks to come back later, and says when', answer(429, refusal('rate_limited'), { 'retry-after': '1' })],
  ])('%s is fine', (_what, given) => {
    expect(faults(given)).toEqual([])
  })

  test.each<[string, RawAnswer, RegExp]>([
    ['of a fault of ours', answer(500, refusal('internal')), /answered 500/],
    ['of an outage that there is not', answer(503, refusal('unavailable')), /answered 503/],
    ['with a member too much', answer(200, { ...endUser, secret: 1 }), /unknown member/],
    ['with a member too little', answer(200, { ...endUser, id: undefined }), /lacks the member "id"/],
    ['of a status that is not documented', answer(201, endUser), /does not know/],
    ['of another type', answer(200, endUser, { 'content-type': 'text/html' }), /does not know/],
    ['that is no JSON', answer(200, '{'), /no JSON/],
    ['without a request id', answer(200, endUser, { 'x-request-id': '' }), /without X-Request-Id/],
    ['that refuses in another shape', answer(400, { message: 'No.' }), /another shape/],
    ['that refuses without a body', answer(400, '', { 'content-type': '' }), /another shape/],
    ['whose code has another status', answer(400, refusal('not_found')), /with the code not_found/],
    ['whose ids differ', answer(404, refusal('not_found', { requestId: newId('request') })), /not that of the header/],
    ['with a stack', answer(400, refusal('invalid_request', { message: 'x at f (/a/b.js:1:2)' })), /tells too much/],
    ['with SQL', answer(400, refusal('invalid_request', { message: 'syntax error at or near "x"' })), /tells too much/],
    ['that asks to come back at no time', answer(429, refusal('rate_limited')), /without Retry-After/],
  ])('%s is found', (_what, given, fault) => {
    expect(faults(given).join('\n')).toMatch(fault)
  })

  test('where nothing is meant to answer must be a refusal', () => {
    expect(new AnswerJudge().faultsOf(answer(200, {}), null, 'GET')).toEqual([
      expect.stringContaining('no route is meant'),
    ])
  })

  test('that streams something else than events is found', () => {
    const streamSession = routes.find(({ operationId }) => operationId === 'streamSession')!
    const stream = answer(200, 'id: 1\nevent: run.queued\ndata: {"seq":1}\n\n', { 'content-type': 'text/event-stream' })
    expect(new AnswerJudge().faultsOf(stream, streamSession, 'GET')).toEqual([expect.stringContaining('no event')])
  })
})

test('an acknowledgement is something known, or a refusal that is no fault of ours', () => {
  expect(acknowledgementFaults('subscribe', { ok: true, lastSeq: 1 })).toEqual([])
  expect(acknowledgementFaults('subscribe', refusal('not_found'))).toEqual([])
  for (const wrong of [null, {}, { error: {} }, refusal('internal'), refusal('not_found', { message: 'TypeError: x' })])
    expect(acknowledgementFaults('subscribe', wrong)).toHaveLength(1)
})

test('what was often sent and never accepted is told, and what was not sent', () => {
  const tally = new Tally(['a', 'b', 'c'])
  for (let times = 0; times < 3; times++) tally.add('a', '400')
  tally.add('b', '201')
  expect(tally.neverAccepted(3)).toEqual(['a was sent 3 times and never accepted'])
  expect(tally.untouched(1)).toEqual(['c'])
  expect(tally.untouched(2)).toEqual([])
})

describe('an exchange', () => {
  async function answeredBy(pieces: string[], hangUp: boolean) {
    const server = createServer((socket) => {
      socket.once('data', () => {
        for (const piece of pieces) socket.write(piece)
        if (hangUp) socket.end()
      })
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      return await exchange(`http://127.0.0.1:${port}`, Buffer.from('GET / HTTP/1.1\r\n\r\n'), 300, false)
    } finally {
      server.close()
    }
  }
  const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

  test('reads a whole answer, whatever pieces it comes in', async () => {
    const sized = await answeredBy(['HTTP/1.1 200 OK\r\nContent-', 'Length: 2\r\n\r\n', 'ok'], false)
    expect(sized).toMatchObject({ status: 200, body: Buffer.from('ok'), open: false })
    const chunked = await answeredBy([CHUNKED, '1\r\no\r\n', '1\r\nk\r\n0\r\n\r\n'], false)
    expect(chunked).toMatchObject({ status: 200, body: Buffer.from('ok'), open: false })
    expect(await answeredBy(['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'], false)).toMatchObject({
      status: 204,
    })
  })

  test('tells silence from a hang-up, and leaves a stream', async () => {
    expect(await answeredBy(['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'], false)).toBe('silent')
    expect(await answeredBy([], true)).toBe('closed')
    const head = CHUNKED.replace('\r\n', '\r\nContent-Type: text/event-stream\r\n')
    expect(await answeredBy([head, '1\r\n:\r\n'], false)).toMatchObject({ status: 200, open: true })
  })
})
