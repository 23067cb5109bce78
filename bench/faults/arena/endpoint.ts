import { randomUUID } from 'node:crypto'
import { isObject } from '@shared/domain/json'
import type { ApiClient } from '../../client/apiClient.ts'
import { patience } from './patience.ts'
import { Receiver, type ReceiverOptions } from './receiver.ts'

/** What is said once of each run. */
export const ENDS = ['run.completed', 'run.failed', 'run.cancelled']

/** A receiver that the organization has registered; every end of a run is to be delivered there from now on. */
export interface Endpoint {
  readonly name: string
  /** Gives it up: nothing more is sent there. */
  remove(): Promise<void>
}

export interface EndpointSite {
  api: ApiClient
  apiUrl: string
  secretKey: string
}

export async function registerEndpoint(
  { api, apiUrl, secretKey }: EndpointSite,
  name: string,
  options: ReceiverOptions,
): Promise<Endpoint> {
  const receiver = await Receiver.start(options)
  const made = await api.post('/v1/webhook-endpoints', secretKey, { url: receiver.url, events: ENDS }, randomUUID())
  if (!isObject(made) || typeof made.id !== 'string') throw new Error('a webhook endpoint has no id')
  const address = `${apiUrl}/v1/webhook-endpoints/${made.id}`
  return {
    name,
    async remove() {
      const signal = AbortSignal.timeout(patience.request)
      await fetch(address, { method: 'DELETE', headers: { Authorization: `Bearer ${secretKey}` }, signal })
      await receiver.close()
    },
  }
}
