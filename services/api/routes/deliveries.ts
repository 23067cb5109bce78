import { AgentViewError, notFound } from '@shared/domain/errors'
import { tunables } from '@shared/domain/tunables'
import type { Handlers } from '@shared/http/serveRoute'
import { findDelivery, listDeliveries, replayDelivery } from '@shared/store/deliveries'
import { findWebhookEndpoint } from '@shared/store/webhookEndpoints'
import type { ApiTools } from '../apiTools.ts'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'

const isDeliveryKey = idKeyOf('delivery')

export function deliveryRoutes({ db }: ApiTools): Handlers<'listDeliveries' | 'readDelivery' | 'replayDelivery'> {
  return {
    async listDeliveries({ caller, params, query }) {
      const { limit = tunables.listDefault, order = 'desc', cursor, status = null } = query
      const endpoint = await findWebhookEndpoint(db, caller.organizationId, params.endpointId)
      if (!endpoint) throw notFound('webhook endpoint')
      const after = readCursor(cursor, isDeliveryKey)?.[0] ?? null
      const rows = await listDeliveries(db, endpoint.id, status, after, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, (delivery) => [delivery.id]) }
    },

    async readDelivery({ caller, params }) {
      const delivery = await findDelivery(db, caller.organizationId, params.deliveryId)
      if (!delivery) throw notFound('delivery')
      return { status: 200, body: delivery }
    },

    async replayDelivery({ caller, params }) {
      const delivery = await replayDelivery(db, caller.organizationId, params.deliveryId)
      if (delivery) return { status: 200, body: delivery }
      if (!(await findDelivery(db, caller.organizationId, params.deliveryId))) throw notFound('delivery')
      throw new AgentViewError(
        'endpoint_disabled',
        'The endpoint of this delivery is disabled: enable it, then send the delivery again.',
      )
    },
  }
}
