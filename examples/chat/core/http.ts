import { isObject } from '@shared/domain/json'

/** Why the server said no; `code` as in every error answer of AgentView. */
export interface Refusal {
  code: string
  message: string
}

export type Answer = { ok: true; body: unknown } | { ok: false; status: number; error: Refusal }

/** The server was not reached, or is not able to answer now; to be tried again later. */
export class Unreachable extends Error {}

export interface Call {
  method?: 'GET' | 'POST'
  bearer?: string
  idempotencyKey?: string
  body?: object
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** How long an answer may take; a connection that hangs is as bad as none. */
const ANSWER_MS = 15_000

/** One call of the Client API. Throws Unreachable for what may go better later (no network, 408, 429, 5xx). */
export async function callApi(fetch: Fetch, url: string, call: Call = {}): Promise<Answer> {
  let response: Response
  let body: unknown
  try {
    response = await fetch(url, {
      method: call.method ?? 'POST',
      headers: {
        ...(call.body && { 'Content-Type': 'application/json' }),
        ...(call.bearer && { Authorization: `Bearer ${call.bearer}` }),
        ...(call.idempotencyKey && { 'Idempotency-Key': call.idempotencyKey }),
      },
      ...(call.body && { body: JSON.stringify(call.body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    body = await response.json().catch(() => null)
  } catch {
    throw new Unreachable('The server can not be reached.')
  }
  if (response.ok && body !== null) return { ok: true, body }
  const error = refusalOf(body) ?? { code: 'unavailable', message: `The server answered ${response.status}.` }
  if (response.ok || response.status >= 500 || response.status === 408 || response.status === 429)
    throw new Unreachable(error.message)
  return { ok: false, status: response.status, error }
}

/** The refusal in an error answer, over HTTP or in a socket's ack; null for anything else. */
export function refusalOf(body: unknown): Refusal | null {
  if (!isObject(body) || !isObject(body.error)) return null
  const { code, message } = body.error
  if (typeof code !== 'string') return null
  return { code, message: typeof message === 'string' ? message : code }
}
