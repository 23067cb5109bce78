import fc from 'fast-check'
import { type FuzzedRequest, requestsTo } from './requests.ts'
import type { FuzzedRoute } from './routes.ts'
import { type FuzzedSocket, fuzzedSockets } from './sockets.ts'

/** Requests that are sent at once. */
export interface FuzzedBurst {
  kind: 'burst'
  requests: FuzzedRequest[]
}

export type FuzzedStep = FuzzedRequest | FuzzedBurst | FuzzedSocket

/** Each of a sequence's steps may build on what the earlier ones have made; all begin with a new world. */
export const SEQUENCE_STEPS = 30

/** What ends most of what the others need, or makes the looks after it wait for the reconciler. */
const SELDOM = new Set(['deleteSession', 'eraseEndUser', 'deleteWebhookEndpoint'])

export function fuzzedSequences(routes: readonly FuzzedRoute[], sockets: boolean): fc.Arbitrary<FuzzedStep[]> {
  const requests = fc.oneof(
    ...routes.map((route) => ({
      weight: SELDOM.has(route.operationId) ? 1 : route.body ? 6 : 3,
      arbitrary: requestsTo(route),
    })),
  )
  // The same request again, too: of two with one idempotency key one is a replay, whoever comes first.
  const bursts = fc.oneof(
    fc.array(requests, { minLength: 2, maxLength: 4 }),
    requests.map((request) => [request, request, request]),
  )
  const burst = bursts.map((sent): FuzzedStep => ({ kind: 'burst', requests: sent }))
  const steps = fc.oneof(
    { weight: 24, arbitrary: requests as fc.Arbitrary<FuzzedStep> },
    { weight: 1, arbitrary: burst },
    { weight: sockets ? 3 : 0, arbitrary: fuzzedSockets() as fc.Arbitrary<FuzzedStep> },
  )
  return fc.array(steps, { minLength: 1, maxLength: SEQUENCE_STEPS, size: 'max' })
}
