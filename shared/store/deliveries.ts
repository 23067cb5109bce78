import type { SessionEvent } from '@shared/domain/events'
import { idOf } from '@shared/domain/ids'
import type { Delivery, DeliveryStatus } from '@shared/domain/webhooks'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { type StoredEvent, iso, renderEvent, uuid } from './render.ts'
import { type Page, START, beyond } from './sessions.ts'

/** Deliveries as people see them; shared/store/sendDeliveries.ts is how they are sent. */

interface DeliveryRow {
  id: string
  endpoint_id: string
  session_id: string
  seq: number
  type: Delivery['type']
  status: DeliveryStatus
  attempts: number
  due_at: Date
  response_status: number | null
  error: string | null
  created_at: Date
  ended_at: Date | null
}

const COLUMNS = `d.id, d.endpoint_id, d.session_id, d.seq, d.type, d.status, d.attempts, d.due_at, d.response_status, d.error,
  d.created_at, d.ended_at`

function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: idOf('delivery', row.id),
    endpointId: idOf('webhookEndpoint', row.endpoint_id),
    sessionId: idOf('session', row.session_id),
    seq: row.seq,
    type: row.type,
    status: row.status,
    attempts: row.attempts,
    ...(row.status === 'pending' && { nextAttemptAt: iso(row.due_at) }),
    ...(row.response_status !== null && { responseStatus: row.response_status }),
    ...(row.error !== null && { error: row.error }),
    createdAt: iso(row.created_at),
    ...(row.ended_at && { endedAt: iso(row.ended_at) }),
  }
}

/**
 * Deliveries of an endpoint in the order of their making; `after` is the last id of the page before. The status is a part
 * of the statement: only then the index of what was not delivered can be used.
 */
export async function listDeliveries(
  db: Database,
  endpointId: string,
  status: DeliveryStatus | null,
  after: string | null,
  { limit, order }: Page,
): Promise<Delivery[]> {
  const rows = await query<DeliveryRow>(
    db,
    {
      name: `list_deliveries_${status ?? 'all'}_${order}`,
      text: `select ${COLUMNS} from deliveries d where d.endpoint_id = $1 ${status ? `and d.status = '${status}'` : ''}
             and d.id ${beyond(order)} $2::uuid order by d.id ${order} limit $3`,
    },
    [uuid('webhookEndpoint', endpointId), after ? uuid('delivery', after) : START[order].id, limit],
  )
  return rows.map(toDelivery)
}

/** A delivery to an endpoint of the organization, with the event that is sent. */
export async function findDelivery(
  db: Database,
  organizationId: string,
  deliveryId: string,
): Promise<(Delivery & { event: SessionEvent }) | null> {
  const row = await queryOne<DeliveryRow & { run_id: string | null; run_attempt: number | null } & StoredEvent>(
    db,
    {
      name: 'find_delivery',
      text: `select ${COLUMNS}, d.run_id, d.run_attempt, d.data, d.at
             from deliveries d join webhook_endpoints e on e.id = d.endpoint_id
             where d.id = $1 and e.organization_id = $2`,
    },
    [uuid('delivery', deliveryId), uuid('organization', organizationId)],
  )
  if (!row) return null
  const delivery = toDelivery(row)
  const event = renderEvent({ ...row, runId: row.run_id, attempt: row.run_attempt }, delivery.sessionId)
  return { ...delivery, event }
}

/**
 * Makes a delivery due now, under its id, with all attempts anew; also a delivered or dead one. One that is being sent is
 * left to that attempt. Null: absent, or its endpoint is disabled.
 */
export async function replayDelivery(
  db: Database,
  organizationId: string,
  deliveryId: string,
): Promise<Delivery | null> {
  const row = await queryOne<DeliveryRow>(
    db,
    {
      name: 'replay_delivery',
      text: `update deliveries d set status = 'pending', ended_at = null, uncharged = d.attempts,
               due_at = case when d.claimed_at is null then clock_timestamp() else d.due_at end
             from webhook_endpoints e
             where d.id = $1 and e.id = d.endpoint_id and e.organization_id = $2 and e.disabled_at is null
             returning ${COLUMNS}`,
    },
    [uuid('delivery', deliveryId), uuid('organization', organizationId)],
  )
  return row && toDelivery(row)
}
