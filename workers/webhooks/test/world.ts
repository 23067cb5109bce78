import { expect } from '@jest/globals'
import { type Logger, pino } from 'pino'
import { newId } from '@shared/domain/ids'
import { type DeliverableEvent, DELIVERABLE_EVENTS, type Delivery, type DeliveryStatus } from '@shared/domain/webhooks'
import { findDelivery, listDeliveries } from '@shared/store/deliveries'
import type { Database } from '@shared/store/pool'
import { newSigningSecret, seal } from '@shared/store/sealedSecrets'
import { createWebhookEndpoint } from '@shared/store/webhookEndpoints'
import { verifyWebhook } from '../../../sdk/webhooks/verifyWebhook.ts'
import { type TestEngine, finish, startTestEngine } from '../../../shared/store/test/testEngine.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { createOutboundGuard } from '@shared/outbound/guard'
import { type DeliverySender, startDeliverySender } from '../deliverySender.ts'
import { type Received, type Receiver, startReceiver } from './receiver.ts'

export const SECRET = 'a secret of thirty-two characters!'

/** A database, a receiver, and what tests say to them. Senders are started by each test. */
export interface WebhookWorld {
  engine: TestEngine
  db: Database
  receiver: Receiver
  log: Logger
  /** What senders log at level error: failures of ours. */
  faults: string[]
  newEndpoint(more?: { url?: string; events?: DeliverableEvent[]; secret?: string }): Promise<Endpoint>
  /** A run of a session that ends completed. */
  endRun(sessionId?: string): Promise<{ sessionId: string; runId: string }>
  startSender(db?: Database): DeliverySender
  /** Waits until a delivery is as wanted. */
  delivery(id: string, status: DeliveryStatus): Promise<Delivery>
  /** All deliveries of an endpoint, the first one first. */
  deliveries(endpointId: string): Promise<Delivery[]>
  /** Requests for an endpoint's deliveries, once there are so many; each must be signed well, and the same each time. */
  received(endpoint: Endpoint, count: number): Promise<Received[]>
  /** All pauses between attempts are over. */
  passTime(): Promise<void>
  /** What senders have claimed is taken for lost. */
  endLeases(): Promise<void>
  clear(): Promise<void>
  close(): Promise<void>
}

export interface Endpoint {
  id: string
  url: string
  secret: string
}

export async function startWebhookWorld(): Promise<WebhookWorld> {
  const engine = await startTestEngine()
  const receiver = await startReceiver()
  const { onRequest } = receiver
  const faults: string[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void faults.push(line.slice(0, 1_000)) })
  const senders: DeliverySender[] = []
  let paths = 0

  const world: WebhookWorld = {
    engine,
    db: engine.db,
    receiver,
    log,
    faults,
    async newEndpoint({
      url = `${receiver.url}/${++paths}`,
      events = [...DELIVERABLE_EVENTS],
      secret = newSigningSecret(),
    } = {}) {
      const id = newId('webhookEndpoint')
      const row = { id, organizationId: engine.organizationId, url, events, description: null }
      await createWebhookEndpoint(engine.db, { ...row, secret: seal(SECRET, secret) })
      return { id, url, secret }
    },
    async endRun(sessionId) {
      const session = sessionId ?? (await engine.newSession())
      const { runId } = await engine.say(session)
      const ended = await finish(engine.db, await engine.take(runId))
      expect(ended.outcome).toBe('ended')
      return { sessionId: session, runId }
    },
    startSender(db = engine.db) {
      const sender = startDeliverySender({ db, log, guard: createOutboundGuard(['127.0.0.0/8']), secret: SECRET })
      senders.push(sender)
      return sender
    },
    delivery: (id, status) =>
      eventually(async () => {
        const delivery = await findDelivery(engine.db, engine.organizationId, id)
        return delivery?.status === status && delivery
      }),
    deliveries: (endpointId) => listDeliveries(engine.db, endpointId, null, null, { limit: 200, order: 'asc' }),
    async received(endpoint, count) {
      const path = new URL(endpoint.url).pathname
      const requests = await eventually(() => {
        const found = receiver.received.filter((request) => request.path === path)
        return found.length >= count && found
      })
      for (const request of requests) verifyWebhook({ secret: endpoint.secret, ...request })
      const bodies = new Map<string, Set<string>>()
      for (const { id, body } of requests) bodies.set(id, (bodies.get(id) ?? new Set()).add(body))
      for (const each of bodies.values()) expect(each.size).toBe(1)
      return requests
    },
    async passTime() {
      await engine.rows('update deliveries set due_at = clock_timestamp() where claimed_at is null')
      for (const sender of senders) sender.wake()
    },
    async endLeases() {
      await engine.rows('update deliveries set due_at = clock_timestamp() where claimed_at is not null')
      for (const sender of senders) sender.wake()
    },
    async clear() {
      await Promise.all(senders.splice(0).map((sender) => sender.stop(0)))
      receiver.onRequest = onRequest
      receiver.received.length = 0
      await engine.rows('truncate webhook_endpoints, deliveries')
      expect(faults.splice(0)).toEqual([])
    },
    async close() {
      await world.clear()
      await receiver.close()
      await engine.close()
    },
  }
  return world
}
