import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Agent } from 'undici'
import { clockFrom } from '@shared/domain/clockFrom'
import { type DeliveryAnswer, judgeDelivery } from '@shared/domain/judgeDelivery'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import type { OutboundGuard } from '@shared/outbound/guard'
import { guardedConnector } from '@shared/outbound/guardedConnector'
import type { Database } from '@shared/store/pool'
import { unseal } from '@shared/store/sealedSecrets'
import { type ClaimedDelivery, type SettledDelivery, claimDeliveries } from '@shared/store/sendDeliveries'
import { postDelivery } from './postDelivery.ts'
import { createSettlements } from './settlements.ts'
import { signatureHeaders } from './signatureHeaders.ts'

/**
 *   wake | every second ─▶ claimDeliveries ─▶ send (a place each) ─▶ postDelivery ─▶ judgeDelivery ─▶ settlements
 * Every worker process has one; the claim keeps them apart. What one has claimed and can't send (it was killed) is due
 * again when its lease ends, under the same id.
 */
export interface DeliverySender {
  /** Deliveries may have been written or have become due. */
  wake(): void
  /** Claims no more, waits up to `graceMs` for what is being sent, gives the rest back uncharged. */
  stop(graceMs: number): Promise<void>
}

export interface DeliverySenderOptions {
  db: Database
  log: Logger
  /** Where receivers may be. */
  guard: OutboundGuard
  /** AGENTVIEW_SECRET: opens the endpoints' secrets. */
  secret: string
}

export function startDeliverySender({ db, log, guard, secret }: DeliverySenderOptions): DeliverySender {
  const { concurrency, perEndpoint, gather, seldom, look, connect } = tunables.webhooks
  const dispatcher = new Agent({
    connect: guardedConnector(guard, { timeout: connect }),
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const settlements = createSettlements(db, log)
  const shutdown = new AbortController()
  // Each request listens to it.
  setMaxListeners(concurrency, shutdown.signal)
  const sending = new Set<Promise<void>>()
  /** How many of each endpoint are being sent. */
  const places = new Map<string, number>()
  /** Endpoints whose last attempt here failed: they get one place each, so that receivers that hang don't take them all. */
  const troubled = new Set<string>()
  let after: string | null = null
  /** Until the next claim. A claim that takes long (very many endpoints have something waiting) is made more seldom. */
  let pause: number = gather
  let gathering: NodeJS.Timeout | null = null
  let claiming: Promise<void> | null = null
  let stopping = false

  function wake(): void {
    if (stopping || gathering !== null) return
    gathering = setTimeout(() => {
      gathering = null
      if (claiming !== null) return wake()
      claiming = claim().finally(() => (claiming = null))
    }, pause)
  }

  async function claim(): Promise<void> {
    const limit = concurrency - sending.size
    if (limit <= 0) return
    const begun = performance.now()
    try {
      const claimed = await claimDeliveries(db, { limit, each: perEndpoint, room: roomOf(), after })
      pause = Math.min(Math.max(gather, (performance.now() - begun) * seldom), look)
      after = claimed.at(-1)?.endpointId ?? after
      for (const delivery of claimed) begin(delivery)
    } catch (error) {
      log.warn({ err: error }, 'due deliveries could not be claimed')
    }
  }

  /** Of endpoints that may not have all their places. */
  function roomOf(): Map<string, number> {
    const room = new Map<string, number>()
    for (const id of [...troubled, ...places.keys()])
      room.set(id, Math.max((troubled.has(id) ? 1 : perEndpoint) - (places.get(id) ?? 0), 0))
    return room
  }

  function begin(delivery: ClaimedDelivery): void {
    const { endpointId } = delivery
    places.set(endpointId, (places.get(endpointId) ?? 0) + 1)
    const sent = send(delivery).then(() => {
      sending.delete(sent)
      const left = places.get(endpointId)! - 1
      if (left > 0) places.set(endpointId, left)
      else places.delete(endpointId)
      wake()
    })
    sending.add(sent)
  }

  async function send(delivery: ClaimedDelivery): Promise<void> {
    const answer = await attempt(delivery).catch((error: unknown) => {
      if (shutdown.signal.aborted) return null
      log.error({ err: error, deliveryId: delivery.id }, 'a delivery could not be sent')
      return { error: 'It could not be sent.' }
    })
    if (armed) await failpoint('delivery.answered', { deliveryId: delivery.id, sessionId: delivery.event.sessionId })
    const settled = settle(delivery, answer)
    if (settled.status === 'delivered') troubled.delete(delivery.endpointId)
    else if (answer !== null) troubled.add(delivery.endpointId)
    settlements.add(settled)
    const { id, organizationId, endpointId, attempt: number } = delivery
    const outcome = answer === null ? 'given back' : settled.status
    log.info(
      { deliveryId: id, endpointId, organizationId, attempt: number, error: settled.error },
      `delivery ${outcome}`,
    )
  }

  /** Throws when it was broken off. */
  async function attempt({ id, url, secrets, event, claimedAt }: ClaimedDelivery): Promise<DeliveryAnswer> {
    const now = clockFrom(claimedAt)
    const body = JSON.stringify(event)
    const opened = openAll(secrets)
    if (opened === null) return { error: 'The endpoint’s secret can’t be opened: rotate it.' }
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'AgentView',
      ...signatureHeaders(opened, id, body, now()),
    }
    const { signal } = shutdown
    return postDelivery({ url, headers, body, guard, dispatcher, totalMs: tunables.webhooks.total, signal, now })
  }

  function openAll(secrets: readonly string[]): string[] | null {
    try {
      return secrets.map((sealed) => unseal(secret, sealed))
    } catch (error) {
      log.error({ err: error }, 'the secret of a webhook endpoint can not be opened')
      return null
    }
  }

  const looking = setInterval(wake, look)
  wake()

  return {
    wake,
    async stop(graceMs) {
      stopping = true
      clearInterval(looking)
      if (gathering) clearTimeout(gathering)
      const all = async () => {
        await claiming
        await Promise.all(sending)
      }
      await Promise.race([all(), sleep(graceMs, undefined, { ref: false })])
      shutdown.abort(new Error('the sender was stopped'))
      const written = all().then(() => settlements.done())
      await Promise.race([written, sleep(tunables.postgresConnect, undefined, { ref: false })])
      await dispatcher.destroy()
    },
  }
}

/** What is written down of an attempt; no answer: it was broken off by us. */
function settle(delivery: ClaimedDelivery, answer: DeliveryAnswer | null): SettledDelivery {
  const { id, attempt, tries, url } = delivery
  if (answer === null) return { id, attempt, status: 'pending', uncharged: 1 }
  const verdict = judgeDelivery(answer, tries, Math.random())
  const settled = { id, attempt, uncharged: 0 as const, ...('status' in answer && { responseStatus: answer.status }) }
  switch (verdict.verdict) {
    case 'delivered':
      return { ...settled, status: 'delivered' }
    case 'retry':
      return { ...settled, status: 'pending', delayMs: verdict.delayMs, error: verdict.error }
    case 'dead':
      return { ...settled, status: 'dead', error: verdict.error }
    case 'gone':
      return { ...settled, status: 'dead', error: verdict.error, gone: url }
  }
}
