import type { ServerResponse } from 'node:http'
import type { Connections } from './connections.ts'
import type { RunSink } from './runFeed.ts'
import type { Subscription } from './sessionFeeds.ts'
import { SSE, type Wire, openStream } from './streamSink.ts'

/** By whose right somebody reads, and until when; null: it doesn't end by itself. */
export interface ReadingRight {
  until: Date | null
  principals: readonly string[]
}

/** The longest time that a timer of Node can be set to. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Answers a request with what a subscription sends, as server-sent events unless said. A refusal to subscribe is thrown before the
 * first byte. When the reader's right to read ends, by its time or with one of its principals, he is cut.
 */
export async function streamTo(
  response: ServerResponse,
  connections: Connections,
  { until, principals }: ReadingRight,
  subscribe: (sink: RunSink) => Promise<Subscription>,
  wire: Wire = SSE,
): Promise<void> {
  let subscription: Subscription | null = null
  let expiry: NodeJS.Timeout | undefined
  let forget = (): void => undefined
  const stream = openStream(response, wire, () => {
    clearTimeout(expiry)
    forget()
    subscription?.close()
  })
  const started = await subscribe(stream)
  subscription = started
  // Who left meanwhile was not noticed above.
  if (response.destroyed) return started.close()
  stream.start()
  forget = connections.add(principals, (reason) => started.cut(reason))
  if (until)
    expiry = setTimeout(() => started.cut('token_expired'), Math.min(until.getTime() - Date.now(), LONGEST_TIMER))
}
