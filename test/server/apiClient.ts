import type { Item, Run, Session } from '@shared/domain/objects'
import type { Contract } from './contract.ts'
import { type SseStream, readSse } from './sseStream.ts'

export interface Answer<Body = unknown> {
  status: number
  headers: Headers
  body: Body
}

export interface ErrorBody {
  error: {
    code: string
    message: string
    details?: { path: string; message: string }[]
    requestId: string
    activeRunId?: string
    lastSeq?: number
    sessionVersion?: string
  }
}

export interface Acceptance {
  run: Run
  item: Item
  seq: number
  session?: Session
}

export type Waited = Acceptance & { items: Item[] }

export interface Page<Row> {
  data: Row[]
  nextCursor: string | null
}

export interface RequestOptions {
  /** Sent as JSON, unless it is bytes or text already. */
  body?: unknown
  headers?: Record<string, string>
}

/** Calls the API with one credential; every answer is held against the OpenAPI document, and none may be a 5xx. */
export interface ApiClient {
  request<Body = unknown>(method: string, path: string, options?: RequestOptions): Promise<Answer<Body>>
  get<Body = unknown>(path: string, headers?: Record<string, string>): Promise<Answer<Body>>
  post<Body = unknown>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>>
  /** Opens a stream of events; fails when it is refused. */
  stream(method: string, path: string, options?: RequestOptions): Promise<SseStream>
  createSession(body: object): Promise<Session>
  /** A message that must be accepted with 202. */
  say(sessionId: string, input: unknown, more?: object): Promise<Acceptance>
  /** A message whose run must have ended when it is answered. */
  ask(sessionId: string, input: unknown, more?: object): Promise<Waited>
  readSession(id: string): Promise<Session>
  readRun(id: string): Promise<Run>
  cancel(runId: string): Promise<Run>
  /** The answers of a pause, which must be taken. */
  resume(run: Run, answers: object): Promise<Run>
}

/** `more`: headers of every request. */
export function createApiClient(
  url: string,
  contract: Contract,
  credential: string | null,
  more: Record<string, string> = {},
): ApiClient {
  async function send(method: string, path: string, options: RequestOptions, signal?: AbortSignal): Promise<Response> {
    const { body, headers = {} } = options
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(credential !== null && { authorization: `Bearer ${credential}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...more,
        ...headers,
      },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
      ...(signal && { signal }),
    })
    if (!/^req_[0-9a-z]{26}$/.test(response.headers.get('x-request-id') ?? ''))
      throw new Error(`${method} ${path} was answered ${response.status} without X-Request-Id`)
    return response
  }

  async function request<Body>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<Body>> {
    const response = await send(method, path, options)
    const text = await response.text()
    const type = response.headers.get('content-type')
    if (response.status >= 500) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`)
    const body: unknown = type?.startsWith('application/json') ? JSON.parse(text) : text
    if (method !== 'OPTIONS' || response.status >= 400) contract.checkAnswer(method, path, response.status, type, body)
    if (response.status >= 400 && (body as ErrorBody).error.requestId !== response.headers.get('x-request-id'))
      throw new Error(`${method} ${path}: the error's requestId is not that of the header`)
    return { status: response.status, headers: response.headers, body: body as Body }
  }

  async function expecting<Body>(status: number, answer: Promise<Answer<Body>>): Promise<Body> {
    const { status: got, body } = await answer
    if (got !== status) throw new Error(`answered ${got} instead of ${status}: ${JSON.stringify(body)}`)
    return body
  }

  const post = <Body>(path: string, body?: unknown, headers: Record<string, string> = {}) =>
    request<Body>('POST', path, { ...(body !== undefined && { body }), headers })
  const messages = (sessionId: string) => `/v1/sessions/${sessionId}/messages`

  return {
    request,
    get: (path, headers = {}) => request('GET', path, { headers }),
    post,
    async stream(method, path, options = {}) {
      const abort = new AbortController()
      const headers = { accept: 'text/event-stream', ...options.headers }
      const response = await send(method, path, { ...options, headers }, abort.signal)
      const type = response.headers.get('content-type')
      if (response.status !== 200 || !type?.startsWith('text/event-stream'))
        throw new Error(`${method} ${path} is no stream: ${response.status} ${await response.text()}`)
      contract.checkAnswer(method, path, 200, type, null)
      return readSse(response, abort)
    },
    createSession: (body) => expecting(201, post<Session>('/v1/sessions', body)),
    say: (sessionId, input, more = {}) => expecting(202, post<Acceptance>(messages(sessionId), { input, ...more })),
    ask: (sessionId, input, more = {}) =>
      expecting(200, post<Waited>(messages(sessionId), { input, ...more }, { prefer: 'wait=60' })),
    readSession: (id) => expecting(200, request<Session>('GET', `/v1/sessions/${id}`)),
    readRun: (id) => expecting(200, request<Run>('GET', `/v1/runs/${id}`)),
    cancel: (runId) => expecting(200, post<Run>(`/v1/runs/${runId}/cancel`)),
    resume: ({ id, pause }, answers) =>
      expecting(200, post<Run>(`/v1/runs/${id}/resume`, { pauseId: pause?.pauseId, ...answers })),
  }
}
