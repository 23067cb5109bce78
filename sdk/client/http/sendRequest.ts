import { isObject } from '@agentview/contracts'
import { ClientError, refusalIn, toClientError } from '../clientError.ts'
import { type Address, type CallOptions, type Pairs, pairsOf } from '../options.ts'
import { timing } from '../timing.ts'

/** What every request of a client has in common. */
export interface RequestDefaults {
  address: Address
  fetch: typeof globalThis.fetch
  headers: Pairs | undefined
  params: Pairs | undefined
}

export type QueryValue = string | number | boolean | undefined

/** One request; the credential is already chosen. */
export interface Request extends CallOptions {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** From the API's root on: `/v1/…`. */
  path: string
  query?: Readonly<Record<string, QueryValue>>
  body?: object
  idempotencyKey?: string
  accept?: string
  credential: { token: string; key: string | null }
}

/** The address of a request; the call's own parameters win over those of the client, the API's own over both. */
export function urlOf(
  defaults: RequestDefaults,
  { path, params, query = {} }: Pick<Request, 'path' | 'params' | 'query'>,
): string {
  const { origin, path: prefix } = defaults.address
  const all = { ...pairsOf(defaults.params), ...params, ...query }
  const pairs = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  )
  return `${origin}${prefix}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`
}

/** The headers of a request; the SDK's own credentials and keys win over all. */
export function headersOf(defaults: RequestDefaults, request: Request): Record<string, string> {
  const ours: Record<string, string> = { authorization: `Bearer ${request.credential.token}` }
  if (request.credential.key !== null) ours['agentview-key'] = request.credential.key
  if (request.body) ours['content-type'] = 'application/json'
  if (request.idempotencyKey !== undefined) ours['idempotency-key'] = request.idempotencyKey
  const accept = { accept: request.accept ?? 'application/json' }
  return { ...accept, ...lowered(pairsOf(defaults.headers)), ...lowered(request.headers ?? {}), ...ours }
}

/** Names of headers are the same in any case; as members of an object they would not be. */
function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** Sends a request once and gives the answer, whatever its status. Throws ClientError `unreachable` or `aborted`. */
export async function fetchOnce(defaults: RequestDefaults, request: Request, signal?: AbortSignal): Promise<Response> {
  try {
    return await defaults.fetch(urlOf(defaults, request), {
      method: request.method,
      headers: headersOf(defaults, request),
      ...(request.body && { body: JSON.stringify(request.body) }),
      ...(signal && { signal }),
    })
  } catch (error) {
    if (request.signal?.aborted) throw new ClientError('aborted', 'The call was aborted.', { cause: error })
    throw toClientError(error)
  }
}

/** Sends a request once and gives the answer's JSON; null for one without a body. Throws ClientError. */
export async function sendRequest(defaults: RequestDefaults, request: Request): Promise<unknown> {
  const limit = new AbortController()
  const abort = () => limit.abort()
  const timer = setTimeout(abort, timing.answer)
  request.signal?.addEventListener('abort', abort)
  if (request.signal?.aborted) abort()
  try {
    const response = await fetchOnce(defaults, request, limit.signal)
    if (!response.ok) throw await refusalOf(response)
    if (response.status === 204) return null
    return await bodyOf(response)
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', abort)
  }
}

/** Why an answer is none, as our error. */
export async function refusalOf(response: Response): Promise<ClientError> {
  const { status } = response
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const known = { status, ...(seconds >= 0 && { retryAfterMs: seconds * 1_000 }) }
  const body: unknown = await response.json().catch(() => null)
  const code = status >= 500 ? 'unavailable' : status === 404 ? 'not_found' : 'invalid_answer'
  return refusalIn(body, known) ?? new ClientError(code, `The server answered ${status}.`, known)
}

async function bodyOf(response: Response): Promise<unknown> {
  let text: string
  try {
    text = await response.text()
  } catch (error) {
    throw toClientError(error)
  }
  try {
    const body: unknown = JSON.parse(text)
    if (isObject(body)) return body
  } catch {
    // Not JSON: said below.
  }
  throw new ClientError('invalid_answer', 'That is not an answer of AgentView: look at the endpoint.', {
    status: response.status,
  })
}
