import { type Dispatcher, request } from 'undici'
import type { DeliveryAnswer } from '@shared/domain/judgeDelivery'
import { retryAfterMs } from '@shared/domain/retry'
import { tunables } from '@shared/domain/tunables'
import type { OutboundGuard } from '@shared/outbound/guard'
import { OutboundRefused } from '@shared/outbound/guardedConnector'

export interface DeliveryRequest {
  url: string
  headers: Record<string, string>
  body: string
  /** Asked about the URL; the dispatcher asks it about the address. */
  guard: OutboundGuard
  dispatcher: Dispatcher
  /** Until the receiver must have answered. */
  totalMs: number
  /** Aborts the request; its reason is what is thrown. */
  signal: AbortSignal
  /** What a Retry-After date is told by. */
  now: () => Date
}

/**
 * Sends one request and returns what came of it; throws only when it was aborted. The status is the answer: nothing of the
 * body is kept, and undici follows no redirects.
 */
export async function postDelivery(delivery: DeliveryRequest): Promise<DeliveryAnswer> {
  const { url, headers, body, guard, dispatcher, totalMs, signal, now } = delivery
  const fault = guard.urlFault(url)
  if (fault !== null) return { error: `The endpoint’s URL ${fault}.` }
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, totalMs)
  signal.addEventListener('abort', abort)
  try {
    signal.throwIfAborted()
    const response = await request(url, { method: 'POST', headers, body, dispatcher, signal: controller.signal })
    await readRest(response)
    return { status: response.statusCode, retryAfterMs: retryAfterMs(response.headers['retry-after'], now().getTime()) }
  } catch (error) {
    signal.throwIfAborted()
    if (controller.signal.aborted) return { error: `The receiver did not answer within ${totalMs / 1_000} s.` }
    if (error instanceof OutboundRefused) return { error: `The endpoint’s URL may not be called: ${error.message}.` }
    return { error: `The receiver could not be reached, or broke off (${codeOf(error)}).` }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/** A short rest is read, so that the connection can be used again; any other is broken off. It changes no answer. */
async function readRest({ body }: Dispatcher.ResponseData): Promise<void> {
  const { answerBytes, answerRest } = tunables.webhooks
  await body.dump({ limit: answerBytes, signal: AbortSignal.timeout(answerRest) }).catch(() => undefined)
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : 'unknown reason'
}
