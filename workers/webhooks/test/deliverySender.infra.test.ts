import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { SessionEvent } from '@shared/domain/events'
import { uuidOf } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { replayDelivery } from '@shared/store/deliveries'
import { changeWebhookEndpoint, deleteWebhookEndpoint, rotateWebhookSecret } from '@shared/store/webhookEndpoints'
import { newSigningSecret, seal } from '@shared/store/sealedSecrets'
import { eventually } from '../../../test/server/eventually.ts'
import { setDate, trueNow } from '../../../test/server/setDate.ts'
import { withStatements } from '../../jobs/test/withStatements.ts'
import { type Received, answer, inTurn } from './receiver.ts'
import { SECRET, type WebhookWorld, startWebhookWorld } from './world.ts'

let world: WebhookWorld
beforeAll(async () => {
  world = await startWebhookWorld()
})
afterEach(() => world.clear())
afterAll(() => world?.close())

/** An endpoint with one delivery that waits for a sender. */
async function oneDelivery() {
  const endpoint = await world.newEndpoint({ events: ['run.completed'] })
  const run = await world.endRun()
  const [delivery] = await world.deliveries(endpoint.id)
  return { endpoint, id: delivery!.id, ...run }
}

/** A delivery has been attempted so often, and the last attempt has come to its end. */
function attempted(id: string, count: number): Promise<unknown> {
  const sql = 'select from deliveries where id = $1 and attempts = $2 and claimed_at is null'
  return eventually(async () => (await world.engine.rows(sql, uuidOf('delivery', id), count)).length > 0)
}

test('a delivery carries the event as the session’s log has it, signed, once', async () => {
  const { endpoint, id, sessionId } = await oneDelivery()
  world.startSender()
  await world.delivery(id, 'delivered')
  const [request, ...others] = await world.received(endpoint, 1)
  expect(others).toEqual([])
  expect(request!.id).toBe(id)
  expect(request!.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'AgentView' })
  const event = JSON.parse(request!.body) as SessionEvent
  expect(event).toEqual((await world.engine.log(sessionId)).at(-1))
  expect(event.type).toBe('run.completed')
})

test('a delivery is signed by Postgres’ clock when the sender’s own is wrong', async () => {
  const { endpoint, id } = await oneDelivery()
  setDate(trueNow() - 3_600_000)
  try {
    world.startSender()
    await world.delivery(id, 'delivered')
  } finally {
    jest.useRealTimers()
  }
  // Verified as a receiver does it.
  await world.received(endpoint, 1)
})

describe('a receiver that', () => {
  test('fails twice and then answers 200 gets the same id and the same bytes each time', async () => {
    const { endpoint, id } = await oneDelivery()
    world.receiver.onRequest = inTurn(answer(500), answer(503, { 'retry-after': '7200' }), answer(200, {}, 'thanks'))
    world.startSender()
    await eventually(async () => (await world.deliveries(endpoint.id))[0]!.error === 'The receiver answered 500.')
    await world.passTime()
    const second = await eventually(async () => {
      const [delivery] = await world.deliveries(endpoint.id)
      return delivery!.responseStatus === 503 && delivery
    })
    // what it asks for, up to an hour, instead of half a minute
    const pause = Date.parse(second.nextAttemptAt!) - Date.now()
    expect(pause).toBeGreaterThan(3_500_000)
    await world.passTime()
    expect(await world.delivery(id, 'delivered')).toMatchObject({ attempts: 3, responseStatus: 200 })
    const requests = await world.received(endpoint, 3)
    expect(requests.map((request) => request.id)).toEqual([id, id, id])
  })

  test.each<[string, (endpoint: string) => (request: Received) => unknown, string]>([
    [
      'resets the connection',
      () =>
        ({ response }) =>
          response.socket!.resetAndDestroy(),
      'broke off',
    ],
    [
      'hangs up without an answer',
      () =>
        ({ response }) =>
          response.destroy(),
      'broke off',
    ],
    ['redirects', (url) => answer(302, { location: `${url}/elsewhere` }), '302: redirects are not followed'],
    ['redirects and wants the same method', (url) => answer(307, { location: `${url}/elsewhere` }), '307: redirects'],
    ['knows nothing of it', () => answer(404), 'answered 404'],
  ])('%s is tried again', async (_what, onRequest, error) => {
    const { endpoint, id } = await oneDelivery()
    world.receiver.onRequest = inTurn(onRequest(endpoint.url), answer(204))
    world.startSender()
    await eventually(async () => (await world.deliveries(endpoint.id))[0]!.error?.includes(error))
    expect(world.receiver.received).toHaveLength(1)
    await world.passTime()
    expect(await world.delivery(id, 'delivered')).toMatchObject({ attempts: 2 })
  })

  test('is not there is tried again', async () => {
    const endpoint = await world.newEndpoint({ url: 'http://127.0.0.1:1/', events: ['run.completed'] })
    await world.endRun()
    world.startSender()
    await eventually(async () => (await world.deliveries(endpoint.id))[0]!.error?.includes('ECONNREFUSED'))
  })

  test('answers 200 and never ends its answer has received it', async () => {
    const { id } = await oneDelivery()
    world.receiver.onRequest = ({ response }) => response.writeHead(200).write('and')
    world.startSender()
    await world.delivery(id, 'delivered')
  })

  test('never receives it is given up after the last attempt, which a person can undo', async () => {
    const { endpoint, id } = await oneDelivery()
    world.receiver.onRequest = answer(500)
    world.startSender()
    const attempts = tunables.webhooks.retries.length + 1
    for (let count = 1; count < attempts; count++) {
      await attempted(id, count)
      await world.passTime()
    }
    expect(await world.delivery(id, 'dead')).toMatchObject({ attempts, responseStatus: 500 })
    await world.passTime()
    expect(await world.received(endpoint, attempts)).toHaveLength(attempts)

    world.receiver.onRequest = inTurn(answer(500), answer(204))
    await replayDelivery(world.db, world.engine.organizationId, id)
    await world.received(endpoint, attempts + 1)
    // all attempts anew: one that fails doesn't end it
    await attempted(id, attempts + 1)
    await world.passTime()
    expect(await world.delivery(id, 'delivered')).toMatchObject({ attempts: attempts + 2 })
    await replayDelivery(world.db, world.engine.organizationId, id)
    expect((await world.received(endpoint, attempts + 3)).at(-1)!.id).toBe(id)
  })

  test('answers 410 is not told any more, until it is wanted again', async () => {
    const { endpoint, id } = await oneDelivery()
    world.receiver.onRequest = answer(410)
    world.startSender()
    expect(await world.delivery(id, 'dead')).toMatchObject({ error: expect.stringContaining('410') })
    await world.endRun()
    expect(await world.deliveries(endpoint.id)).toHaveLength(1)
    world.receiver.onRequest = answer(204)
    await changeWebhookEndpoint(world.db, world.engine.organizationId, endpoint.id, { disabled: false })
    await world.endRun()
    const [, later] = await world.deliveries(endpoint.id)
    await world.delivery(later!.id, 'delivered')
  })
})

describe('what waits', () => {
  test('when its endpoint is disabled ends dead, and can be sent once it is enabled', async () => {
    const { endpoint, id } = await oneDelivery()
    const { organizationId } = world.engine
    await changeWebhookEndpoint(world.db, organizationId, endpoint.id, { disabled: true })
    world.startSender()
    expect(await world.delivery(id, 'dead')).toMatchObject({ attempts: 0, error: 'The endpoint is disabled.' })
    expect(await replayDelivery(world.db, organizationId, id)).toBeNull()
    await changeWebhookEndpoint(world.db, organizationId, endpoint.id, { disabled: false })
    await replayDelivery(world.db, organizationId, id)
    await world.delivery(id, 'delivered')
  })

  test('when its endpoint is deleted is never sent', async () => {
    const { endpoint } = await oneDelivery()
    const other = await oneDelivery()
    await deleteWebhookEndpoint(world.db, world.engine.organizationId, endpoint.id)
    world.startSender()
    await world.delivery(other.id, 'delivered')
    const left = await eventually(async () => {
      const rows = await world.engine.rows<{ status: string; error: string }>(
        `select status, error from deliveries where endpoint_id not in (select id from webhook_endpoints)`,
      )
      return rows.every(({ status }) => status === 'dead') && rows
    })
    expect(left.map(({ error }) => error)).toEqual(['The endpoint was deleted.', 'The endpoint was deleted.'])
    expect(world.receiver.received.map(({ path }) => path)).not.toContain(new URL(endpoint.url).pathname)
  })

  test('of a receiver that hangs holds up nobody else', async () => {
    const hanging = await world.newEndpoint({ events: ['run.completed'] })
    const { pathname } = new URL(hanging.url)
    world.receiver.onRequest = (request) => (request.path === pathname ? undefined : answer(204)(request))
    const sessionId = await world.engine.newSession()
    for (let count = 0; count < tunables.webhooks.perEndpoint + 5; count++) await world.endRun(sessionId)
    world.startSender()
    await world.received(hanging, tunables.webhooks.perEndpoint)
    const healthy = await world.newEndpoint({ events: ['run.completed'] })
    for (let count = 0; count < 3; count++) await world.endRun(sessionId)
    for (const { id } of await world.deliveries(healthy.id)) await world.delivery(id, 'delivered')
    expect(await world.received(hanging, 1)).toHaveLength(tunables.webhooks.perEndpoint)
  })
})

test('a receiver that fails is asked one at a time, until it is well again', async () => {
  const endpoint = await world.newEndpoint({ events: ['run.completed'] })
  const sessionId = await world.engine.newSession()
  await world.endRun(sessionId)
  world.receiver.onRequest = answer(500)
  let looks = 0
  const counted = withStatements(world.db, (name, send) => {
    if (name === 'claim_deliveries_v1') looks++
    return send()
  })
  world.startSender(counted)
  await attempted((await world.deliveries(endpoint.id))[0]!.id, 1)
  const waiting: Received[] = []
  world.receiver.onRequest = (request) => waiting.push(request)
  for (let count = 0; count < 10; count++) await world.endRun(sessionId)
  await world.received(endpoint, 2)
  // the sender looks again, and again, while it waits for this one
  const before = looks
  await eventually(() => looks > before + 2)
  expect(waiting).toHaveLength(1)
  world.receiver.onRequest = answer(204)
  answer(204)(waiting[0]!)
  for (const { id } of (await world.deliveries(endpoint.id)).slice(1)) await world.delivery(id, 'delivered')
})

test('a rotated secret signs at once, and the old ones go on for their time', async () => {
  const endpoint = await world.newEndpoint({ events: ['run.completed'] })
  const fresh = [newSigningSecret(), newSigningSecret()]
  for (const secret of fresh)
    await rotateWebhookSecret(world.db, world.engine.organizationId, endpoint.id, seal(SECRET, secret))
  world.startSender()
  await world.endRun()
  for (const secret of [endpoint.secret, ...fresh]) await world.received({ ...endpoint, secret }, 1)
  await world.engine.rows(
    `update webhook_endpoints set old_secrets = replace(old_secrets::text, '20', '19')::jsonb where old_secrets::text not like '%"19%'`,
  )
  await world.endRun()
  const requests = await world.received({ ...endpoint, secret: fresh[1]! }, 2)
  expect(String(requests[0]!.headers['webhook-signature']).split(' ')).toHaveLength(3)
  expect(String(requests[1]!.headers['webhook-signature']).split(' ')).toHaveLength(1)
})

test('a secret that can’t be opened is told to the person, and the others go out', async () => {
  const { endpoint, id } = await oneDelivery()
  await world.engine.rows(`update webhook_endpoints set secret = $1`, seal('another secret of thirty-two chars!', 'x'))
  const other = await oneDelivery()
  world.startSender()
  await world.delivery(other.id, 'delivered')
  await eventually(async () => (await world.deliveries(endpoint.id))[0]!.error?.includes('rotate it'))
  expect(world.faults.splice(0).join()).toContain('can not be opened')
  expect(id).not.toBe(other.id)
})
