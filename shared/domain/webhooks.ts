import type { EventType } from './events.ts'

/** The types of events that webhook endpoints can be told of. */
export const DELIVERABLE_EVENTS = [
  'session.created',
  'run.paused',
  'run.completed',
  'run.failed',
  'run.cancelled',
] as const satisfies EventType[]
export type DeliverableEvent = (typeof DELIVERABLE_EVENTS)[number]

export function isDeliverable(event: { type: EventType }): boolean {
  return (DELIVERABLE_EVENTS as readonly string[]).includes(event.type)
}

/** Where an organization wants to be told of events. */
export interface WebhookEndpoint {
  id: string
  url: string
  events: DeliverableEvent[]
  description?: string
  /** Nothing is written for it and nothing is sent to it. */
  disabled: boolean
  disabledAt?: string
  createdAt: string
}

export type DeliveryStatus = 'pending' | 'delivered' | 'dead'

/** One event on its way to one endpoint. */
export interface Delivery {
  id: string
  endpointId: string
  sessionId: string
  seq: number
  type: DeliverableEvent
  status: DeliveryStatus
  attempts: number
  /** While pending; in an attempt that is under way, when it is taken for lost. */
  nextAttemptAt?: string
  /** What the receiver answered last. */
  responseStatus?: number
  /** Why the last attempt failed. */
  error?: string
  createdAt: string
  endedAt?: string
}
