import { Type } from 'typebox'
import { LIST, closed, id, page } from './objects.ts'
import type { Route } from './route.ts'
import {
  ChangeWebhookEndpoint,
  CreateWebhookEndpoint,
  Delivery,
  DeliveryStatus,
  DeliveryWithEvent,
  WebhookEndpoint,
  WebhookEndpointWithSecret,
} from './webhooks.ts'

const ofEndpoint = closed({ endpointId: id('webhookEndpoint') })
const ofDelivery = closed({ deliveryId: id('delivery') })

/** The part of the Client API that is about webhooks; for the customer's server alone. */
export const webhookRoutes = {
  createWebhookEndpoint: {
    method: 'post',
    path: '/v1/webhook-endpoints',
    summary: 'A new endpoint that is told of events; its secret is shown here only',
    callers: ['secret'],
    body: CreateWebhookEndpoint,
    idempotent: true,
    responses: { 201: WebhookEndpointWithSecret },
  },
  listWebhookEndpoints: {
    method: 'get',
    path: '/v1/webhook-endpoints',
    summary: 'Webhook endpoints in the order of their making',
    callers: ['secret'],
    query: closed(LIST),
    responses: { 200: page(WebhookEndpoint) },
  },
  readWebhookEndpoint: {
    method: 'get',
    path: '/v1/webhook-endpoints/{endpointId}',
    summary: 'A webhook endpoint',
    callers: ['secret'],
    params: ofEndpoint,
    responses: { 200: WebhookEndpoint },
  },
  changeWebhookEndpoint: {
    method: 'patch',
    path: '/v1/webhook-endpoints/{endpointId}',
    summary: 'Change, disable or enable a webhook endpoint',
    callers: ['secret'],
    params: ofEndpoint,
    body: ChangeWebhookEndpoint,
    responses: { 200: WebhookEndpoint },
  },
  deleteWebhookEndpoint: {
    method: 'delete',
    path: '/v1/webhook-endpoints/{endpointId}',
    summary: 'Delete a webhook endpoint; nothing more is sent to it',
    callers: ['secret'],
    params: ofEndpoint,
    responses: { 204: null },
  },
  rotateWebhookSecret: {
    method: 'post',
    path: '/v1/webhook-endpoints/{endpointId}/rotate-secret',
    summary: 'A new secret, shown here only; the old one signs as well for 24 hours',
    callers: ['secret'],
    params: ofEndpoint,
    responses: { 200: WebhookEndpointWithSecret },
  },
  listDeliveries: {
    method: 'get',
    path: '/v1/webhook-endpoints/{endpointId}/deliveries',
    summary: 'What was and is to be sent to a webhook endpoint',
    callers: ['secret'],
    params: ofEndpoint,
    query: closed({ ...LIST, status: Type.Optional(DeliveryStatus) }),
    responses: { 200: page(Delivery) },
  },
  readDelivery: {
    method: 'get',
    path: '/v1/webhook-deliveries/{deliveryId}',
    summary: 'A delivery with the event that is sent',
    callers: ['secret'],
    params: ofDelivery,
    responses: { 200: DeliveryWithEvent },
  },
  replayDelivery: {
    method: 'post',
    path: '/v1/webhook-deliveries/{deliveryId}/replay',
    summary: 'Send a delivery again, under the same id, whatever became of it',
    callers: ['secret'],
    params: ofDelivery,
    responses: { 200: Delivery },
  },
} as const satisfies Record<string, Route>
