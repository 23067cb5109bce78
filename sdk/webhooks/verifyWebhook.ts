import { createHmac, timingSafeEqual } from 'node:crypto'

export interface WebhookToVerify {
  /** The endpoint's secret, `whsec_…`; several while one is replaced by another. */
  secret: string | readonly string[]
  /** Of the request: Node's `request.headers` or a `Headers`. */
  headers: WebhookHeaders
  /** The body as it came, byte for byte: parsed and written again it has another signature. */
  body: string | Uint8Array
  /** Instead of the present time, for tests. */
  now?: Date
  /** How far the timestamp may be from now, in both directions; 300 by default. */
  toleranceSeconds?: number
}

export type WebhookHeaders = { get(name: string): string | null } | Record<string, string | string[] | undefined>

export type WebhookFault =
  /** One of webhook-id, webhook-timestamp and webhook-signature is absent. */
  | 'missing_header'
  /** The timestamp is not a time, or too old, or too far ahead: replayed, or a clock is wrong. */
  | 'invalid_timestamp'
  | 'too_old'
  | 'too_new'
  /** No signature was made with a secret of ours: altered, or somebody else's. */
  | 'invalid_signature'
  /** A secret of ours is not `whsec_` and base64. */
  | 'invalid_secret'
  /** Signed well, but no JSON. */
  | 'invalid_body'

/** Why a request can't be trusted. Answer it 400 and look at nothing of it. */
export class WebhookVerificationError extends Error {
  readonly fault: WebhookFault

  constructor(fault: WebhookFault, message: string) {
    super(message)
    this.name = 'WebhookVerificationError'
    this.fault = fault
  }
}

/**
 * Checks that a request comes from AgentView, unaltered and just now, and returns its body, parsed. Throws
 * WebhookVerificationError, which says why not. By Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over
 * `id.timestamp.body`. The same event may come twice: `webhook-id` is the same then.
 *
 * @example
 * app.post('/agentview', express.raw({ type: 'application/json' }), (request, response) => {
 *   const event = verifyWebhook({ secret: process.env.WEBHOOK_SECRET, headers: request.headers, body: request.body })
 *   response.sendStatus(204)
 * })
 */
export function verifyWebhook({ secret, headers, body, now, toleranceSeconds = 300 }: WebhookToVerify): unknown {
  // JavaScript that gives what a JSON parser has made of it meets this first.
  if (typeof body !== 'string' && !(body instanceof Uint8Array))
    throw new TypeError('body must be the request’s body as text or bytes, before anything has parsed it.')
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const given = headerOf(headers, 'webhook-signature').split(' ')
  checkTimestamp(timestamp, (now ?? new Date()).getTime() / 1_000, toleranceSeconds)

  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const secrets = typeof secret === 'string' ? [secret] : secret
  const expected = secrets.map((each) =>
    createHmac('sha256', keyOf(each)).update(`${id}.${timestamp}.`).update(bytes).digest(),
  )
  // Each is compared with each, whatever was found before.
  const matches = given.flatMap((signature) => expected.map((digest) => isSignature(signature, digest)))
  if (!matches.includes(true))
    throw new WebhookVerificationError('invalid_signature', 'No signature was made with this secret for this body.')
  return parse(bytes)
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value = isHeaders(headers) ? headers.get(name) : headers[name]
  if (typeof value === 'string' && value !== '') return value
  throw new WebhookVerificationError('missing_header', `The header ${name} is missing.`)
}

function isHeaders(headers: WebhookHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get'] === 'function'
}

function checkTimestamp(text: string, now: number, tolerance: number): void {
  if (!/^\d{1,12}$/.test(text))
    throw new WebhookVerificationError('invalid_timestamp', 'webhook-timestamp is not a time in seconds.')
  const age = now - Number(text)
  if (age > tolerance) throw new WebhookVerificationError('too_old', `The request was signed ${Math.round(age)} s ago.`)
  if (age < -tolerance)
    throw new WebhookVerificationError('too_new', `The request was signed ${Math.round(-age)} s ahead of this clock.`)
}

function keyOf(secret: string): Buffer {
  const encoded = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
  if (encoded === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded))
    throw new WebhookVerificationError('invalid_secret', 'The secret is not "whsec_" and a key in base64.')
  return Buffer.from(encoded, 'base64')
}

/** In constant time for whatever has the right length. */
function isSignature(entry: string, digest: Buffer): boolean {
  const given = Buffer.from(entry)
  const wanted = Buffer.from(`v1,${digest.toString('base64')}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new WebhookVerificationError('invalid_body', 'The body is signed well but is not JSON.')
  }
}
