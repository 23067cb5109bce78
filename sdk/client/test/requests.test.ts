import { ClientError } from '../clientError.ts'
import { Api } from '../http/api.ts'
import { readSession } from '../http/answers.ts'
import { addressOf } from '../options.ts'

test.each([
  ['https://agents.example', undefined, 'https://agents.example', ''],
  ['https://agents.example/', undefined, 'https://agents.example', ''],
  ['http://localhost:4000/av/', undefined, 'http://localhost:4000', '/av'],
  ['/av', 'https://shop.example', 'https://shop.example', '/av'],
  ['', 'https://shop.example', 'https://shop.example', ''],
])('the endpoint %s of a page on %s is %s and %s', (endpoint, page, origin, path) => {
  expect(addressOf(endpoint, page)).toEqual({ origin, path })
})

test.each([
  ['agents.example', 'https://shop.example'],
  ['ftp://x', 'https://shop.example'],
  ['/av', undefined],
  ['https://x/?a=1', undefined],
])('the endpoint %s of a page on %s is none', (endpoint, page) => {
  expect(() => addressOf(endpoint, page)).toThrow(ClientError)
})

/** Calls the API once over answers that are given. */
async function call(answers: (() => Response)[]) {
  const tokens: string[] = []
  let renewed = 0
  const api = new Api(
    {
      address: { origin: 'http://x', path: '' },
      fetch: (_url, init) => {
        tokens.push(new Headers(init?.headers).get('authorization') ?? '')
        return Promise.resolve(answers.shift()!())
      },
      headers: undefined,
      params: undefined,
    },
    { key: null, token: () => Promise.resolve('t0'), renew: () => Promise.resolve(`t${++renewed}`) },
  )
  const result = await api
    .call({ method: 'GET', path: '/v1/sessions/s' }, readSession)
    .catch((error: unknown) => error as ClientError)
  return { result, tokens, left: answers.length }
}

const session = () => Response.json({ id: 's', agent: 'a', lastSeq: 0 })
const refuse = (status: number, code: string) => () =>
  Response.json({ error: { code, message: 'no', requestId: 'req_1' } }, { status, headers: { 'retry-after': '0' } })

test('what may go better is tried again, what is refused is not', async () => {
  expect((await call([refuse(503, 'unavailable'), refuse(429, 'rate_limited'), session])).result).toMatchObject({
    id: 's',
  })
  const refused = await call([refuse(403, 'forbidden'), session])
  expect(refused.result).toMatchObject({ code: 'forbidden', status: 403, requestId: 'req_1' })
  expect(refused.left).toBe(1)
})

test('a token is renewed once a try; the second refusal is an answer', async () => {
  const { result, tokens } = await call([refuse(401, 'token_expired'), refuse(401, 'unauthorized'), session])
  expect(tokens).toEqual(['Bearer t0', 'Bearer t1'])
  expect(result).toMatchObject({ code: 'unauthorized' })
})

test('answers that are not AgentView’s are told from refusals', async () => {
  const page = () => new Response('<html>', { headers: { 'content-type': 'text/html' } })
  expect((await call([page])).result).toMatchObject({ code: 'invalid_answer', status: 200 })
  expect((await call([() => Response.json({ hello: 'world' })])).result).toMatchObject({ code: 'invalid_answer' })
  expect((await call([() => new Response('nginx', { status: 404 })])).result).toMatchObject({ code: 'not_found' })
})
