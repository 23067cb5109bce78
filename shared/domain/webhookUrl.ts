import { tunables } from './tunables.ts'

/**
 * What is wrong with the URL of a webhook endpoint, or null. The one place that decides where webhooks may go: asked when
 * an endpoint is saved, and again before each attempt.
 */
export function webhookUrlFault(text: string): string | null {
  if (text.length > tunables.webhooks.urlChars) return `is longer than ${tunables.webhooks.urlChars} characters`
  // The parser of URLs would silently take some of these out.
  if (!/^[\x21-\x7e]+$/.test(text)) return 'has characters that must be percent-encoded'
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'is not an http or https URL'
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  return null
}
