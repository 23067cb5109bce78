import type { SessionEvent } from '@shared/domain/events'
import { idOf, newUuid } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import type { DeliveryStatus } from '@shared/domain/webhooks'
import type { Database } from './pool.ts'
import { callFunction, query } from './query.ts'
import { type StoredEvent, renderEvent, uuid } from './render.ts'

/** How deliveries are sent (functions/90_webhooks.sql): claimed for a lease, settled behind the fence of their attempt. */

export interface ClaimedDelivery {
  id: string
  organizationId: string
  endpointId: string
  url: string
  /** All that sign, the newest first; sealed. */
  secrets: string[]
  /** Never used before: the fence of what is settled. */
  attempt: number
  /** How many attempts were charged, with this one. */
  tries: number
  event: SessionEvent
  /** By Postgres' clock. */
  claimedAt: Date
}

export interface DeliveryClaim {
  limit: number
  /** Of each endpoint at most. */
  each: number
  /** How many of an endpoint instead, by its id. */
  room: ReadonlyMap<string, number>
  /** The endpoint at which the last claim ended. */
  after: string | null
}

/** Takes due deliveries for `tunables.webhooks.lease`. */
export async function claimDeliveries(db: Database, { room, after, ...claim }: DeliveryClaim) {
  const rows = await query<
    {
      id: string
      organization_id: string
      endpoint_id: string
      url: string
      secrets: string[]
      attempt: number
      tries: number
      session_id: string
      run_id: string | null
      run_attempt: number | null
      claimed_at: Date
    } & Pick<StoredEvent, 'seq' | 'type' | 'data' | 'at'>
  >(
    db,
    {
      name: 'claim_deliveries_v1',
      text: 'select *, clock_timestamp() as claimed_at from claim_deliveries_v1($1::jsonb)',
    },
    [
      JSON.stringify({
        ...claim,
        after: after && uuid('webhookEndpoint', after),
        room: Object.fromEntries([...room].map(([id, places]) => [uuid('webhookEndpoint', id), places])),
        leaseMs: tunables.webhooks.lease,
      }),
    ],
  )
  return rows.map((row): ClaimedDelivery => {
    const stored = { ...row, runId: row.run_id, attempt: row.run_attempt }
    return {
      id: idOf('delivery', row.id),
      organizationId: idOf('organization', row.organization_id),
      endpointId: idOf('webhookEndpoint', row.endpoint_id),
      url: row.url,
      secrets: row.secrets,
      attempt: row.attempt,
      tries: row.tries,
      event: renderEvent(stored, idOf('session', row.session_id)),
      claimedAt: row.claimed_at,
    }
  })
}

/** What became of an attempt. */
export interface SettledDelivery {
  id: string
  attempt: number
  status: DeliveryStatus
  /** Until the next attempt, when it stays pending. */
  delayMs?: number
  /** 1: the attempt doesn't count. */
  uncharged: 0 | 1
  responseStatus?: number
  error?: string
  /** The receiver at this URL wants no more: its endpoint is disabled. */
  gone?: string
}

/** Writes down how attempts went; those that were overtaken change nothing. */
export async function settleDeliveries(db: Database, settled: readonly SettledDelivery[]): Promise<void> {
  const answers = settled.map((answer) => ({ ...answer, id: uuid('delivery', answer.id) }))
  await callFunction(db, 'settle_deliveries_v1', answers)
}

/** Forgets some deliveries that were written before `olderThanMs`; returns how many. */
export async function forgetDeliveries(db: Database, olderThanMs: number): Promise<number> {
  const rows = await query(
    db,
    {
      name: 'forget_deliveries',
      text: `delete from deliveries where id = any (array(
               select id from deliveries where id < $1 order by id limit $2)) returning 1`,
    },
    [newUuid(Date.now() - olderThanMs), tunables.webhooks.forgetBatch],
  )
  return rows.length
}
