import { createHmac } from 'node:crypto'

/**
 * The Standard Webhooks signature (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, one for each
 * secret, so that receivers may change over in their own time. A secret is `whsec_` and the key in base64. Timestamp in
 * whole seconds; receivers refuse it after five minutes. Requests to agent apps are signed in the same way.
 */
export function signatureHeaders(
  secrets: readonly string[],
  id: string,
  body: string,
  now: Date,
): Record<string, string> {
  const timestamp = Math.floor(now.getTime() / 1_000)
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') }
}
