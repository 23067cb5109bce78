import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import type { Delivery, WebhookEndpoint } from '@shared/domain/webhooks'
import { verifyWebhook } from '../../../sdk/webhooks/verifyWebhook.ts'
import type { ApiClient, Page } from '../../../test/server/apiClient.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import { type Received, type Receiver, answer, startReceiver } from '../../../workers/webhooks/test/receiver.ts'

let server: TestServer
let receiver: Receiver
let client: ApiClient

beforeAll(async () => {
  server = await startTestServer()
  receiver = await startReceiver()
  client = server.main.client
})
afterEach(async () => {
  for (const tenant of [server.main, server.other])
    for (const { id } of await list(tenant.client)) await tenant.client.request('DELETE', endpointPath(id))
  receiver.received.length = 0
  receiver.onRequest = answer(204)
})
afterAll(async () => {
  await server?.close()
  await receiver?.close()
})

type Created = WebhookEndpoint & { secret: string }

const PATH = '/v1/webhook-endpoints'
const endpointPath = (id: string, suffix = '') => `${PATH}/${id}${suffix}`
const deliveryPath = (id: string, suffix = '') => `/v1/webhook-deliveries/${id}${suffix}`
const hook = (more: object = {}) => ({ url: receiver.url, events: ['run.completed'], ...more })

async function create(more: object = {}, of = client): Promise<Created> {
  const { status, body } = await of.post<Created>(PATH, hook(more))
  expect(status).toBe(201)
  return body
}

async function list(of: ApiClient): Promise<WebhookEndpoint[]> {
  return (await of.get<Page<WebhookEndpoint>>(`${PATH}?limit=200`)).body.data
}

async function run(agent = 'echo'): Promise<string> {
  const { id } = await client.createSession({ agent })
  await client.ask(id, 'hello')
  return id
}

const received = (count: number): Promise<Received[]> =>
  eventually(() => receiver.received.length >= count && receiver.received)

async function deliveryOf(endpointId: string, status: Delivery['status']): Promise<Delivery> {
  return eventually(async () => {
    const { body } = await client.get<Page<Delivery>>(endpointPath(endpointId, `/deliveries?status=${status}`))
    return body.data[0]
  })
}

describe('an endpoint', () => {
  test('is told of a run’s end, and the receiver can trust it', async () => {
    const { secret, ...endpoint } = await create({ description: 'the shop' })
    expect(endpoint).toMatchObject({
      url: receiver.url,
      events: ['run.completed'],
      description: 'the shop',
      disabled: false,
    })
    const sessionId = await run()
    const [request] = await received(1)
    expect(verifyWebhook({ secret, ...request! })).toMatchObject({ type: 'run.completed', sessionId })
    const delivery = await deliveryOf(endpoint.id, 'delivered')
    expect(delivery).toMatchObject({
      id: request!.id,
      endpointId: endpoint.id,
      sessionId,
      attempts: 1,
      responseStatus: 204,
    })
    const { body } = await client.get<Delivery & { event: unknown }>(deliveryPath(delivery.id))
    expect(JSON.stringify(body.event)).toBe(request!.body)
  })

  test('shows its secret when it is made and when that is replaced, and nowhere else', async () => {
    const { secret, ...made } = await create()
    const known = JSON.stringify([await list(client), (await client.get(endpointPath(made.id))).body])
    expect(known).not.toContain('secret')
    const stored = await server.rows('select row_to_json(e)::text as row from webhook_endpoints e')
    expect(JSON.stringify(stored)).not.toContain(secret.slice(10))
    const rotated = await client.post<Created>(endpointPath(made.id, '/rotate-secret'))
    expect(rotated.body).toEqual({ ...made, secret: expect.stringMatching(/^whsec_/) })
    expect(rotated.body.secret).not.toBe(secret)
    await run()
    const [request] = await received(1)
    for (const each of [secret, rotated.body.secret]) verifyWebhook({ secret: each, ...request! })
  })

  test('is made once under one key, and shows its secret again to whoever lost the answer', async () => {
    const headers = { 'idempotency-key': newId('request') }
    const first = await client.post<Created>(PATH, hook(), headers)
    const again = await client.post<Created>(PATH, hook(), headers)
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true'])
    expect(again.body).toEqual(first.body)
    expect(await list(client)).toHaveLength(1)
    const other = hook({ events: ['run.failed'] })
    await expectRefused(server, 422, 'idempotency_mismatch', () => client.post(PATH, other, headers))
  })

  test('is changed in what is said, and no more', async () => {
    const { secret: _secret, ...made } = await create({ description: 'old' })
    const change = async (body: object) =>
      (await client.request<WebhookEndpoint>('PATCH', endpointPath(made.id), { body })).body
    expect(await change({})).toEqual(made)
    expect(await change({ events: ['run.failed', 'run.paused'] })).toEqual({
      ...made,
      events: ['run.failed', 'run.paused'],
    })
    expect((await change({ url: 'https://shop.example/' })).url).toBe('https://shop.example/')
    const disabled = await change({ disabled: true })
    expect(disabled).toMatchObject({ disabled: true, disabledAt: expect.any(String), description: 'old' })
    expect(await change({ disabled: true })).toEqual(disabled)
    const cleared = await change({ disabled: false, description: null })
    expect([cleared.disabled, 'disabledAt' in cleared, 'description' in cleared]).toEqual([false, false, false])
  })

  test('is one of twenty at most, also when they are made at once', async () => {
    const answers = await Promise.all(Array.from({ length: 25 }, () => client.post(PATH, hook())))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5)
    await expectRefused(server, 409, 'limit_reached', () => client.post(PATH, hook()))
    expect(await list(client)).toHaveLength(20)
    // another organization has its own
    await create({}, server.other.client)
  })

  test('that is deleted is gone, with its deliveries, and is told nothing more', async () => {
    receiver.onRequest = answer(500)
    const { id } = await create()
    await run()
    await received(1)
    const { id: deliveryId } = await deliveryOf(id, 'pending')
    expect((await client.request('DELETE', endpointPath(id))).status).toBe(204)
    for (const path of [endpointPath(id), endpointPath(id, '/deliveries'), deliveryPath(deliveryId)])
      await expectRefused(server, 404, 'not_found', () => client.get(path))
    await expectRefused(server, 404, 'not_found', () => client.request('DELETE', endpointPath(id)))
    await run()
    expect(await server.rows(`select from deliveries where type = 'run.completed' and created_at > now()`)).toEqual([])
  })
})

test('each event goes to the endpoints that want it: what was cancelled, what failed, what completed', async () => {
  const [all, cancelled] = [
    await create({ events: ['run.completed', 'run.failed', 'run.cancelled'] }),
    await create({ events: ['run.cancelled'] }),
  ]
  await run()
  const { id } = await client.createSession({ agent: 'staged' })
  const { run: waiting } = await client.say(id, 'wait')
  await client.cancel(waiting.id)
  expect((await deliveryOf(cancelled.id, 'delivered')).type).toBe('run.cancelled')
  await received(3)
  const typesOf = async ({ id: endpointId }: Created) =>
    (await client.get<Page<Delivery>>(endpointPath(endpointId, '/deliveries?order=asc'))).body.data.map(
      ({ type }) => type,
    )
  expect(await typesOf(all)).toEqual(['run.completed', 'run.cancelled'])
  expect(await typesOf(cancelled)).toEqual(['run.cancelled'])
})

describe('a delivery', () => {
  test('is sent again under its id, whatever became of it', async () => {
    receiver.onRequest = answer(410)
    const { id } = await create()
    await run()
    const dead = await deliveryOf(id, 'dead')
    await expectRefused(server, 409, 'endpoint_disabled', () => client.post(deliveryPath(dead.id, '/replay')))
    await client.request('PATCH', endpointPath(id), { body: { disabled: false } })
    receiver.onRequest = answer(204)
    const replayed = await client.post<Delivery>(deliveryPath(dead.id, '/replay'))
    expect(replayed.body).toMatchObject({ id: dead.id, status: 'pending' })
    await deliveryOf(id, 'delivered')
    await client.post<Delivery>(deliveryPath(dead.id, '/replay'))
    expect((await received(3)).map((request) => request.id)).toEqual([dead.id, dead.id, dead.id])
  })

  test('is found by its status, a page at a time', async () => {
    const { id } = await create()
    const { id: sessionId } = await client.createSession({ agent: 'echo' })
    for (let count = 0; count < 5; count++) await client.ask(sessionId, 'x')
    await eventually(async () => (await server.rows(`select from deliveries where status = 'pending'`)).length === 0)
    for (const order of ['asc', 'desc']) {
      const seqs: number[] = []
      let cursor = ''
      do {
        const page: Page<Delivery> = (
          await client.get<Page<Delivery>>(
            endpointPath(id, `/deliveries?status=delivered&order=${order}&limit=2${cursor && `&cursor=${cursor}`}`),
          )
        ).body
        seqs.push(...page.data.map(({ seq }) => seq))
        cursor = page.nextCursor ?? ''
      } while (cursor)
      expect(seqs).toHaveLength(5)
      expect(seqs).toEqual(seqs.toSorted((a, b) => (order === 'asc' ? a - b : b - a)))
    }
    expect((await client.get<Page<Delivery>>(endpointPath(id, '/deliveries?status=dead'))).body.data).toEqual([])
  })
})

describe('what is refused leaves nothing behind:', () => {
  test.each<[string, object]>([
    ['no URL', { url: undefined }],
    ['a URL of another kind', { url: 'ftp://shop.example/' }],
    ['a URL into the network of ours', { url: 'http://169.254.169.254/latest' }],
    ['an address in an unusual form', { url: 'http://2130706433/' }],
    ['a URL with a password', { url: 'https://a:b@shop.example/' }],
    ['a URL without end', { url: `https://shop.example/${'x'.repeat(2_000)}` }],
    ['a URL with a line end', { url: 'https://shop.example/\r\nX: 1' }],
    ['no events', { events: [] }],
    ['all events', { events: ['*'] }],
    ['an event that is not told of', { events: ['item.delta'] }],
    ['an event twice', { events: ['run.failed', 'run.failed'] }],
    ['an empty description', { description: '' }],
    ['a secret of its own', { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
    ['another organization', { organizationId: 'org_01jd0000000000000000000000' }],
  ])('%s', async (_what, more) => {
    await expectRefused(server, 400, 'invalid_request', () => client.post(PATH, hook(more)))
  })

  test('a change that would not do', async () => {
    const { id } = await create()
    for (const body of [{ url: 'file:///etc/passwd' }, { events: [] }, { disabled: 'yes' }, { url: null }, { id: 'x' }])
      await expectRefused(server, 400, 'invalid_request', () => client.request('PATCH', endpointPath(id), { body }))
  })

  test('ids, cursors and statuses that are none', async () => {
    const { id } = await create()
    for (const path of [
      `${PATH}/whd_01jd0000000000000000000000`,
      deliveryPath('whe_01jd0000000000000000000000'),
      deliveryPath('1'),
    ])
      await expectRefused(server, 400, 'invalid_request', () => client.get(path))
    await expectRefused(server, 400, 'invalid_request', () => client.get(endpointPath(id, '/deliveries?status=lost')))
    const ofEndpoints = Buffer.from(JSON.stringify([id])).toString('base64url')
    for (const cursor of ['x', ofEndpoints])
      await expectRefused(server, 400, 'invalid_cursor', () =>
        client.get(endpointPath(id, `/deliveries?cursor=${cursor}`)),
      )
    for (const path of [endpointPath(newId('webhookEndpoint')), deliveryPath(newId('delivery'))])
      await expectRefused(server, 404, 'not_found', () => client.get(path))
  })
})
