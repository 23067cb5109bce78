import type { ServerResponse } from 'node:http'
import type { RunSink } from './runFeed.ts'
import type { Subscription } from './sessionFeeds.ts'
import { openSse } from './sseSink.ts'

/** The longest time that a timer of Node can be set to. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Answers a request with what a subscription sends, as server-sent events. A refusal to subscribe is thrown before the
 * first byte. `until` is when the reader's right to read ends: he is cut then.
 */
export async function streamTo(
  response: ServerResponse,
  until: Date | null,
  subscribe: (sink: RunSink) => Promise<Subscription>,
): Promise<void> {
  let subscription: Subscription | null = null
  let expiry: NodeJS.Timeout | undefined
  const sse = openSse(response, () => {
    clearTimeout(expiry)
    subscription?.close()
  })
  const started = await subscribe(sse)
  subscription = started
  // Who left meanwhile was not noticed above.
  if (response.destroyed) return started.close()
  sse.start()
  if (until)
    expiry = setTimeout(() => started.cut('token_expired'), Math.min(until.getTime() - Date.now(), LONGEST_TIMER))
}
