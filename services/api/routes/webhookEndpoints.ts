import { AgentViewError, notFound } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import type { Handlers } from '@shared/http/serveRoute'
import { keyOf, mismatch } from '@shared/intake/requestKey'
import { newSigningSecret, seal, unseal } from '@shared/store/sealedSecrets'
import {
  changeWebhookEndpoint,
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  findWebhookEndpoint,
  listWebhookEndpoints,
  rotateWebhookSecret,
} from '@shared/store/webhookEndpoints'
import type { ApiTools } from '../apiTools.ts'
import { idKeyOf, readCursor, toPage } from '@shared/http/cursor'

type Names =
  | 'createWebhookEndpoint'
  | 'listWebhookEndpoints'
  | 'readWebhookEndpoint'
  | 'changeWebhookEndpoint'
  | 'deleteWebhookEndpoint'
  | 'rotateWebhookSecret'

const isEndpointKey = idKeyOf('webhookEndpoint')

export function webhookEndpointRoutes({ db, guard, secret }: ApiTools): Handlers<Names> {
  function refuseUrl(url: string): void {
    const fault = guard.urlFault(url)
    if (fault === null) return
    throw new AgentViewError('invalid_request', `The body is not valid: /url ${fault}.`, {
      details: [{ path: '/url', message: fault }],
    })
  }

  async function ownEndpoint(organizationId: string, endpointId: string) {
    const endpoint = await findWebhookEndpoint(db, organizationId, endpointId)
    if (!endpoint) throw notFound('webhook endpoint')
    return endpoint
  }

  return {
    async createWebhookEndpoint({ caller, body, key }) {
      refuseUrl(body.url)
      const { organizationId } = caller
      const id = newId('webhookEndpoint')
      const sealed = seal(secret, newSigningSecret())
      const row = { id, organizationId, ...body, description: body.description ?? null, secret: sealed }
      const created = await createWebhookEndpoint(db, row, keyOf(caller, key))
      if (created.outcome === 'mismatch') throw mismatch()
      if (created.outcome === 'full') throw full()
      // Again to whoever asks again under the same key: he has lost the answer, and the secret with it.
      const { sealedSecret, ...endpoint } = await ownEndpoint(organizationId, created.endpointId)
      const replayed = created.outcome === 'replayed' && { 'Idempotent-Replayed': 'true' }
      const headers = { Location: `/v1/webhook-endpoints/${endpoint.id}`, ...replayed }
      return { status: 201, body: { ...endpoint, secret: unseal(secret, sealedSecret) }, headers }
    },

    async listWebhookEndpoints({ caller, query }) {
      const { limit = tunables.listDefault, order = 'asc', cursor } = query
      const after = readCursor(cursor, isEndpointKey)?.[0] ?? null
      const rows = await listWebhookEndpoints(db, caller.organizationId, after, { limit: limit + 1, order })
      return { status: 200, body: toPage(rows, limit, (endpoint) => [endpoint.id]) }
    },

    async readWebhookEndpoint({ caller, params }) {
      const { sealedSecret: _sealedSecret, ...endpoint } = await ownEndpoint(caller.organizationId, params.endpointId)
      return { status: 200, body: endpoint }
    },

    async changeWebhookEndpoint({ caller, params, body }) {
      if (body.url !== undefined) refuseUrl(body.url)
      const endpoint = await changeWebhookEndpoint(db, caller.organizationId, params.endpointId, body)
      if (!endpoint) throw notFound('webhook endpoint')
      return { status: 200, body: endpoint }
    },

    async deleteWebhookEndpoint({ caller, params }) {
      const deleted = await deleteWebhookEndpoint(db, caller.organizationId, params.endpointId)
      if (!deleted) throw notFound('webhook endpoint')
      return { status: 204, body: undefined }
    },

    async rotateWebhookSecret({ caller, params }) {
      const fresh = newSigningSecret()
      const endpoint = await rotateWebhookSecret(db, caller.organizationId, params.endpointId, seal(secret, fresh))
      if (!endpoint) throw notFound('webhook endpoint')
      return { status: 200, body: { ...endpoint, secret: fresh } }
    },
  }
}

function full(): AgentViewError {
  return new AgentViewError(
    'limit_reached',
    `An organization has at most ${tunables.webhooks.endpoints} webhook endpoints: delete one that is not needed.`,
  )
}
