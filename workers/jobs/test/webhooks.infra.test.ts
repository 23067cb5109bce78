import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { newSigningSecret, seal } from '@shared/store/sealedSecrets'
import { createWebhookEndpoint } from '@shared/store/webhookEndpoints'
import { verifyWebhook } from '../../../sdk/webhooks/verifyWebhook.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type Receiver, startReceiver } from '../../webhooks/test/receiver.ts'
import { SECRET, type World, startWorld } from './world.ts'

let world: World
let receiver: Receiver
beforeAll(async () => {
  world = await startWorld('postgres')
  receiver = await startReceiver()
})
afterEach(async () => {
  await world.clear()
  await world.engine.rows('truncate webhook_endpoints, deliveries')
  receiver.received.length = 0
})
afterAll(async () => {
  await world?.close()
  await receiver?.close()
})

async function newEndpoint(): Promise<string> {
  const secret = newSigningSecret()
  await createWebhookEndpoint(world.db, {
    id: newId('webhookEndpoint'),
    organizationId: world.engine.organizationId,
    url: receiver.url,
    events: ['run.completed', 'run.failed', 'run.cancelled'],
    description: null,
    secret: seal(SECRET, secret),
  })
  return secret
}

const delivered = () =>
  eventually(async () => {
    const rows = await world.engine.rows<{ status: string }>('select status from deliveries')
    return rows.length > 0 && rows.every(({ status }) => status === 'delivered')
  })

test('a worker tells of the ends of its runs, also of those that fail', async () => {
  const secret = await newEndpoint()
  await world.startWorker()
  const sessionId = await world.engine.newSession()
  await world.ended(await world.say(sessionId))
  world.app.onCall = (call) => call.status(400)
  await world.ended(await world.say(sessionId))
  await delivered()
  const log = await world.engine.log(sessionId)
  const told = receiver.received.map((request) => verifyWebhook({ secret, ...request }))
  expect(told).toHaveLength(2)
  for (const type of ['run.completed', 'run.failed'])
    expect(told).toContainEqual(log.find((event) => event.type === type))
})

test('what another process has written is found without a bell, also when it was written while nobody was there', async () => {
  await newEndpoint()
  const sessionId = await world.engine.newSession()
  await world.cancel(sessionId, (await world.accept(sessionId)).runId)
  await world.startWorker()
  await delivered()
  await world.cancel(sessionId, (await world.accept(sessionId)).runId)
  await delivered()
})

test('a worker that drains while a receiver hangs ends in its time, and the next one tells it again', async () => {
  await newEndpoint()
  receiver.onRequest = () => undefined
  const worker = await world.startWorker()
  const sessionId = await world.engine.newSession()
  await world.ended(await world.say(sessionId))
  await eventually(() => receiver.received.length === 1)
  await worker.drain(50)
  receiver.onRequest = ({ response }) => response.writeHead(204).end()
  await world.startWorker()
  await delivered()
  const [first, second] = receiver.received
  expect([second!.id, second!.body]).toEqual([first!.id, first!.body])
})
