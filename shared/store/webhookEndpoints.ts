import { idOf } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import type { DeliverableEvent, WebhookEndpoint } from '@shared/domain/webhooks'
import { type IdempotencyKey, storedKey } from './idempotencyKey.ts'
import type { Database } from './pool.ts'
import { callFunction, query, queryOne } from './query.ts'
import { iso, uuid } from './render.ts'
import { type Page, START, beyond } from './sessions.ts'

interface EndpointRow {
  id: string
  url: string
  events: DeliverableEvent[]
  description: string | null
  disabled_at: Date | null
  created_at: Date
}

const COLUMNS = 'id, url, events, description, disabled_at, created_at'

function toEndpoint(row: EndpointRow): WebhookEndpoint {
  return {
    id: idOf('webhookEndpoint', row.id),
    url: row.url,
    events: row.events,
    ...(row.description !== null && { description: row.description }),
    disabled: row.disabled_at !== null,
    ...(row.disabled_at && { disabledAt: iso(row.disabled_at) }),
    createdAt: iso(row.created_at),
  }
}

export interface NewWebhookEndpoint {
  id: string
  organizationId: string
  url: string
  events: DeliverableEvent[]
  description: string | null
  /** Sealed. */
  secret: string
}

export type CreateEndpointOutcome =
  | { outcome: 'created' | 'replayed'; endpointId: string }
  /** The organization has `tunables.webhooks.endpoints` already. */
  | { outcome: 'full' }
  | { outcome: 'mismatch' }

export async function createWebhookEndpoint(
  db: Database,
  endpoint: NewWebhookEndpoint,
  idempotency?: IdempotencyKey,
): Promise<CreateEndpointOutcome> {
  const organizationId = uuid('organization', endpoint.organizationId)
  const row = {
    ...endpoint,
    id: uuid('webhookEndpoint', endpoint.id),
    organizationId,
    max: tunables.webhooks.endpoints,
  }
  const key = idempotency ? storedKey(idempotency, organizationId) : null
  const result = await callFunction<CreateEndpointOutcome>(db, 'create_webhook_endpoint_v1', row, key)
  return 'endpointId' in result ? { ...result, endpointId: idOf('webhookEndpoint', result.endpointId) } : result
}

export async function findWebhookEndpoint(
  db: Database,
  organizationId: string,
  endpointId: string,
): Promise<(WebhookEndpoint & { sealedSecret: string }) | null> {
  const row = await queryOne<EndpointRow & { secret: string }>(
    db,
    {
      name: 'find_webhook_endpoint',
      text: `select ${COLUMNS}, secret from webhook_endpoints where id = $1 and organization_id = $2`,
    },
    [uuid('webhookEndpoint', endpointId), uuid('organization', organizationId)],
  )
  return row && { ...toEndpoint(row), sealedSecret: row.secret }
}

/** Endpoints in the order of their making; `after` is the last id of the page before. */
export async function listWebhookEndpoints(
  db: Database,
  organizationId: string,
  after: string | null,
  { limit, order }: Page,
): Promise<WebhookEndpoint[]> {
  const rows = await query<EndpointRow>(
    db,
    {
      name: `list_webhook_endpoints_${order}`,
      text: `select ${COLUMNS} from webhook_endpoints where organization_id = $1 and id ${beyond(order)} $2::uuid
             order by id ${order} limit $3`,
    },
    [uuid('organization', organizationId), after ? uuid('webhookEndpoint', after) : START[order].id, limit],
  )
  return rows.map(toEndpoint)
}

export interface EndpointChanges {
  url?: string
  events?: DeliverableEvent[]
  /** Null clears it. */
  description?: string | null
  disabled?: boolean
}

/** Changes what is given and leaves the rest; null: no such endpoint. */
export async function changeWebhookEndpoint(
  db: Database,
  organizationId: string,
  endpointId: string,
  { url, events, description, disabled }: EndpointChanges,
): Promise<WebhookEndpoint | null> {
  const row = await queryOne<EndpointRow>(
    db,
    {
      name: 'change_webhook_endpoint',
      text: `update webhook_endpoints set url = coalesce($3, url), events = coalesce($4::text[], events),
               description = case when $5 then $6 else description end,
               disabled_at = case when $7 then coalesce(disabled_at, clock_timestamp()) when not $7 then null else disabled_at end
             where id = $1 and organization_id = $2 returning ${COLUMNS}`,
    },
    [
      uuid('webhookEndpoint', endpointId),
      uuid('organization', organizationId),
      url ?? null,
      events ?? null,
      description !== undefined,
      description ?? null,
      disabled ?? null,
    ],
  )
  return row && toEndpoint(row)
}

/** Gives an endpoint a new secret (sealed); the ones before it sign as well until their time is over. */
export async function rotateWebhookSecret(
  db: Database,
  organizationId: string,
  endpointId: string,
  secret: string,
): Promise<WebhookEndpoint | null> {
  const { oldSecret, oldSecrets } = tunables.webhooks
  const row = await queryOne<EndpointRow>(
    db,
    {
      name: 'rotate_webhook_secret',
      text: `update webhook_endpoints set secret = $3,
               old_secrets = (
                 select coalesce(jsonb_agg(o.old order by o.place), '[]') from (
                   select e.old, e.place from jsonb_array_elements(jsonb_build_array(jsonb_build_object(
                     'secret', secret, 'until', clock_timestamp() + make_interval(secs => $4))) || old_secrets)
                     with ordinality as e (old, place)
                   where (e.old ->> 'until')::timestamptz > clock_timestamp() order by e.place limit $5) o)
             where id = $1 and organization_id = $2 returning ${COLUMNS}`,
    },
    [uuid('webhookEndpoint', endpointId), uuid('organization', organizationId), secret, oldSecret / 1_000, oldSecrets],
  )
  return row && toEndpoint(row)
}

/** False: no such endpoint. What was on its way to it ends dead, and nobody can read it any more. */
export async function deleteWebhookEndpoint(
  db: Database,
  organizationId: string,
  endpointId: string,
): Promise<boolean> {
  const rows = await query(
    db,
    {
      name: 'delete_webhook_endpoint',
      text: 'delete from webhook_endpoints where id = $1 and organization_id = $2 returning id',
    },
    [uuid('webhookEndpoint', endpointId), uuid('organization', organizationId)],
  )
  return rows.length > 0
}
