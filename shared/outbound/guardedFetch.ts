import { Agent, request } from 'undici'
import type { OutboundGuard } from './guard.ts'
import { guardedConnector } from './guardedConnector.ts'

/** How a set of keys is fetched. */
export type GuardedFetch = (url: string, options: { headers: Headers; signal: AbortSignal }) => Promise<Response>

/**
 * GETs sets of keys from where the guard allows it; follows no redirect. `timeout`: until connected, in ms. Rejects when
 * the answer is longer than `maxBytes`.
 */
export function guardedFetch(
  guard: OutboundGuard,
  { timeout, maxBytes }: { timeout: number; maxBytes: number },
): GuardedFetch {
  const dispatcher = new Agent({ connect: guardedConnector(guard, { timeout }), maxResponseSize: maxBytes })
  return async (url, { headers, signal }) => {
    // It may have been saved when more was allowed.
    const fault = guard.keySetFault(url)
    if (fault !== null) throw new Error(`The URL ${fault}.`)
    const { statusCode, body } = await request(url, { headers: Object.fromEntries(headers), signal, dispatcher })
    if (statusCode === 200) return new Response(await body.text())
    await body.dump()
    return new Response(null, { status: statusCode })
  }
}
