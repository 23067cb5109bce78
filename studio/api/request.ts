import { ApiError, OfflineError } from './apiError.ts'

type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  query?: Query
  body?: unknown
  signal?: AbortSignal
  /** Another organization than the current one. */
  organizationId?: string
  /** For logging in itself: a 401 is an answer then, not the end of a login. */
  anonymous?: boolean
}

/** As whom the page speaks; known once `me` was answered. */
let identity: { csrfToken: string; organizationId: string | null } | null = null

export function setIdentity(next: typeof identity): void {
  identity = next
}

/** The organization that is worked in; streams, which can send no header, name it in their address. */
export function currentOrganization(): string | null {
  return identity?.organizationId ?? null
}

/** Resolves once somebody has logged in again; set by the app. */
let loginAgain: (() => Promise<void>) | null = null

export function onLoginEnded(handler: (() => Promise<void>) | null): void {
  loginAgain = handler
}

/**
 * One call of the Admin API. When the login has ended meanwhile, it waits until the person has logged in again and is
 * sent once more: whatever was typed is neither lost nor asked for twice.
 */
export async function request<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
  try {
    return await send<Answer>(path, options)
  } catch (error) {
    const ended =
      error instanceof ApiError && error.status === 401 && error.code !== 'invalid_login' && !options.anonymous
    if (!ended || !loginAgain) throw error
    await loginAgain()
    return send<Answer>(path, options)
  }
}

async function send<Answer>(path: string, options: RequestOptions): Promise<Answer> {
  const { method = 'GET', query, body, signal } = options
  const organizationId = options.organizationId ?? currentOrganization()
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (organizationId) headers['AgentView-Organization'] = organizationId
  if (identity && method !== 'GET') headers['AgentView-CSRF'] = identity.csrfToken
  const response = await fetch(`${path}${queryString(query)}`, {
    method,
    headers,
    credentials: 'same-origin',
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new OfflineError()
  })
  if (response.status === 204) return undefined as Answer
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok) return answer as Answer
  throw toError(response, answer)
}

function toError(response: Response, answer: unknown): ApiError {
  const seconds = Number(response.headers.get('Retry-After'))
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : null
  const inner = (answer as { error?: ConstructorParameters<typeof ApiError>[1] } | null)?.error
  if (inner) return new ApiError(response.status, inner, retryAfter)
  const requestId = response.headers.get('X-Request-Id')
  return new ApiError(
    response.status,
    { code: 'internal', message: `The server answered ${response.status}.`, ...(requestId && { requestId }) },
    retryAfter,
  )
}

/** Absent values are left out; lists repeat their name. */
export function queryString(query: Query | undefined): string {
  if (!query) return ''
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue
    for (const each of Array.isArray(value) ? value : [value]) parameters.append(name, String(each))
  }
  const text = parameters.toString()
  return text && `?${text}`
}
