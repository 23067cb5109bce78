import { type Static, Type } from 'typebox'
import { tunables } from '@shared/domain/tunables'
import { DELIVERABLE_EVENTS } from '@shared/domain/webhooks'
import type * as domain from '@shared/domain/webhooks'
import { Event } from './events.ts'
import { type Same, Time, closed, id } from './objects.ts'

const Url = Type.String({ minLength: 1, maxLength: tunables.webhooks.urlChars })
const Events = Type.Array(Type.Enum([...DELIVERABLE_EVENTS]), { minItems: 1, uniqueItems: true })
const Description = Type.String({ minLength: 1, maxLength: 500 })

const ENDPOINT = {
  id: id('webhookEndpoint'),
  url: Type.String(),
  events: Events,
  description: Type.Optional(Description),
  disabled: Type.Boolean(),
  disabledAt: Type.Optional(Time),
  createdAt: Time,
}
export const WebhookEndpoint = closed(ENDPOINT)
/** With the secret, which is shown when it is made and never again. */
export const WebhookEndpointWithSecret = closed({ ...ENDPOINT, secret: Type.String() })

export const CreateWebhookEndpoint = closed({ url: Url, events: Events, description: Type.Optional(Description) })

export const ChangeWebhookEndpoint = closed({
  url: Type.Optional(Url),
  events: Type.Optional(Events),
  /** Null clears it. */
  description: Type.Optional(Type.Union([Description, Type.Null()])),
  disabled: Type.Optional(Type.Boolean()),
})

export const DeliveryStatus = Type.Enum(['pending', 'delivered', 'dead'])

const DELIVERY = {
  id: id('delivery'),
  endpointId: id('webhookEndpoint'),
  sessionId: id('session'),
  seq: Type.Integer({ minimum: 1 }),
  type: Type.Enum([...DELIVERABLE_EVENTS]),
  status: DeliveryStatus,
  attempts: Type.Integer({ minimum: 0 }),
  nextAttemptAt: Type.Optional(Time),
  responseStatus: Type.Optional(Type.Integer()),
  error: Type.Optional(Type.String()),
  createdAt: Time,
  endedAt: Type.Optional(Time),
}
export const Delivery = closed(DELIVERY)
/** With what is sent: its JSON is the body. */
export const DeliveryWithEvent = closed({ ...DELIVERY, event: Event })

/** Compiles only while schemas and plain types say the same. */
export const WEBHOOK_SCHEMAS_MATCH_TYPES: [
  Same<Static<typeof WebhookEndpoint>, domain.WebhookEndpoint>,
  Same<Static<typeof Delivery>, domain.Delivery>,
] = [true, true]
