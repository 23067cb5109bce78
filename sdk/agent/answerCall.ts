import { type WebhookHeaders, WebhookVerificationError, verifyWebhook } from '@agentview/webhooks/verifyWebhook'
import type { Agent } from './defineAgent.ts'
import { framingFor } from './frames.ts'
import { BodyTooLarge } from './readBody.ts'
import { InvalidRequest, assertRequest } from './request.ts'
import { streamAnswer } from './streamAnswer.ts'

/** How calls are answered. */
export interface ServeOptions {
  /**
   * The organization's signing secret, `whsec_…` (`agentSigningSecret` in credentials.json); several while one is replaced
   * by another. `null` answers whoever calls: for a first try on one's own machine. `undefined` is refused.
   */
  secret: string | readonly string[] | null | undefined
  /** How long the agent may be silent before a heartbeat is sent; 15,000. Less than the policy's `timeouts.idleMs`. */
  heartbeatMs?: number
  /** Longer requests are refused with 413; 33,554,432. The policy's `history.maxBytes` decides how long they get. */
  maxBodyBytes?: number
  /** Told what the agent has thrown that is no AgentError; `console.error`. */
  onError?: (error: unknown) => void
}

export interface ServeSettings extends Required<ServeOptions> {
  secret: string | readonly string[] | null
}

/** Throws TypeError when there is no secret: an environment variable that isn't set must not open the door. */
export function settled({
  secret,
  heartbeatMs = 15_000,
  maxBodyBytes = 33_554_432,
  onError = console.error,
}: ServeOptions): ServeSettings {
  if (secret === undefined || secret === '')
    throw new TypeError('There is no secret to check signatures with. With null, anybody may call.')
  return { secret, heartbeatMs, maxBodyBytes, onError }
}

/** A call, from whatever server. */
export interface IncomingCall {
  method: string
  headers: WebhookHeaders
  accept: string
  /** Throws BodyTooLarge, and whatever goes wrong while it is read. */
  readBody: () => Promise<Uint8Array>
  signal: AbortSignal
}

export interface CallAnswer {
  status: number
  headers: Record<string, string>
  body: string | AsyncGenerator<string>
}

/** read the body → check the signature → check the request → stream what the agent yields */
export async function answerCall(agent: Agent, call: IncomingCall, settings: ServeSettings): Promise<CallAnswer> {
  if (call.method !== 'POST')
    return refuse(405, 'method_not_allowed', 'An agent is called with POST.', { allow: 'POST' })
  try {
    const body = readCall(await call.readBody(), call.headers, settings.secret)
    assertRequest(body)
    const framing = framingFor(call.accept)
    const { heartbeatMs, onError } = settings
    return {
      status: 200,
      headers: { 'content-type': framing.contentType, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
      body: streamAnswer(agent, body, { framing, signal: call.signal, heartbeatMs, onError }),
    }
  } catch (error) {
    return refusalOf(error, call.signal, settings)
  }
}

function readCall(bytes: Uint8Array, headers: WebhookHeaders, secret: ServeSettings['secret']): unknown {
  if (secret !== null) return verifyWebhook({ secret, headers, body: bytes })
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new WebhookVerificationError('invalid_body', 'The body is not JSON.')
  }
}

function refusalOf(error: unknown, signal: AbortSignal, { onError }: ServeSettings): CallAnswer {
  if (error instanceof InvalidRequest) return refuse(400, 'invalid_request', error.message)
  if (error instanceof BodyTooLarge) return refuse(413, 'too_large', error.message, { connection: 'close' })
  if (error instanceof WebhookVerificationError && error.fault !== 'invalid_secret')
    return refuse(error.fault === 'invalid_body' ? 400 : 401, error.fault, error.message)
  if (!signal.aborted) onError(error)
  return refuse(500, 'internal', 'The agent app is not set up well: its log says why.')
}

function refuse(status: number, code: string, message: string, headers: Record<string, string> = {}): CallAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ error: { code, message } }),
  }
}
