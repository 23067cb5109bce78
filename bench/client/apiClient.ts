import { setTimeout as sleep } from 'node:timers/promises'
import { type Verdict, judge } from './httpAnswer.ts'
import { isObject } from '@shared/domain/json'
import { backoff, limits } from './limits.ts'

export interface ApiClient {
  /** How many tries were not the first. */
  readonly retries: number
  /** Creates something: sent again, under the same key, until it is answered. */
  post(path: string, token: string, body: object, idempotencyKey: string): Promise<unknown>
  get(path: string, token: string): Promise<unknown>
}

/** One try of a call, whatever came of it. */
export interface Tried {
  path: string
  idempotencyKey: string | null
  /** Null: no answer. */
  status: number | null
  why: string
  body: unknown
  /** Of our own answers that refuse. */
  errorCode: string | undefined
}

interface Call {
  path: string
  idempotencyKey: string | null
  init: RequestInit
}

export interface ApiClientOptions {
  /** How long the server may be away. */
  outageMs?: number
  /** How long one request may take before it is sent again, under the same key. */
  requestMs?: number
  onTried?: (tried: Tried) => void
}

/**
 * Calls an AgentView that may be restarting: network errors, 502 to 504 and rate limits are waited out, within limits;
 * any other refusal throws.
 */
export function createApiClient(url: string, options: ApiClientOptions = {}): ApiClient {
  const { outageMs = limits.outage, requestMs = limits.request, onTried = () => undefined } = options
  let retries = 0
  const call = (call: Call) => callUntilAnswered(url, call, { outageMs, requestMs, onTried, onRetry: () => retries++ })
  return {
    get retries() {
      return retries
    },
    post: (path, token, body, key) => call({ path, idempotencyKey: key, init: post(token, body, key) }),
    get: (path, token) => call({ path, idempotencyKey: null, init: { headers: { Authorization: `Bearer ${token}` } } }),
  }
}

function post(token: string, body: object, key: string): RequestInit {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': key }
  return { method: 'POST', headers, body: JSON.stringify(body) }
}

async function callUntilAnswered(
  url: string,
  call: Call,
  { outageMs, requestMs, onTried, onRetry }: Required<ApiClientOptions> & { onRetry: () => void },
): Promise<unknown> {
  const startedAt = performance.now()
  let awaySince: number | null = null
  for (let failures = 1; ; failures++) {
    const { verdict, status, body, why } = await tryOnce(url, call, requestMs)
    onTried({ path: call.path, idempotencyKey: call.idempotencyKey, status, why, body, errorCode: errorCodeOf(body) })
    if (verdict.kind === 'answer') return body
    const now = performance.now()
    awaySince = verdict.kind === 'away' ? (awaySince ?? now) : null
    const spent = awaySince !== null ? now - awaySince > outageMs : now - startedAt > limits.rateLimited
    if (verdict.kind === 'refused' || spent) throw new Error(`${call.init.method ?? 'GET'} ${call.path}: ${why}`)
    onRetry()
    await sleep(verdict.kind === 'limited' ? verdict.waitMs : backoff(failures))
  }
}

async function tryOnce(
  url: string,
  call: Call,
  requestMs: number,
): Promise<{ verdict: Verdict; status: number | null; body: unknown; why: string }> {
  try {
    const response = await fetch(url + call.path, { ...call.init, signal: AbortSignal.timeout(requestMs) })
    const text = await response.text()
    const body = parse(text)
    const verdict = judge(response.status, response.headers.get('Retry-After'), errorCodeOf(body))
    return { verdict, status: response.status, body, why: `${response.status} ${text.slice(0, 500)}` }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
    return { verdict: { kind: 'away' }, status: null, body: undefined, why: `${String(error)}${cause}` }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function errorCodeOf(body: unknown): string | undefined {
  if (!isObject(body) || !isObject(body.error)) return undefined
  return typeof body.error.code === 'string' ? body.error.code : undefined
}
