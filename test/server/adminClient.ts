import { randomBytes } from 'node:crypto'
import { hashPassword } from '@services/admin/login/passwords'
import type { Me } from '@shared/contracts/adminObjects'
import type { Role } from '@shared/domain/roles'
import { addMember } from '@shared/store/admin/members'
import { insertUser } from '@shared/store/admin/users'
import type { Answer, ErrorBody, RequestOptions } from './apiClient.ts'
import { growing } from './eventually.ts'
import type { AdminServer } from './startAdminServer.ts'
import { createParser } from 'eventsource-parser'

/** One password for all of a test: its hash costs more than the rest of a login. */
export const PASSWORD = 'correct horse battery'
const passwordHash = hashPassword(PASSWORD)

/** A member as his browser: keeps the cookie, sends the CSRF token; every answer is held against the OpenAPI document. */
export interface AdminClient {
  me: Me
  memberId: string
  email: string
  cookie(): string
  request<Body = unknown>(method: string, path: string, options?: RequestOptions): Promise<Answer<Body>>
  get<Body = unknown>(path: string, headers?: Record<string, string>): Promise<Answer<Body>>
  post<Body = unknown>(path: string, body?: unknown): Promise<Answer<Body>>
  patch<Body = unknown>(path: string, body?: unknown): Promise<Answer<Body>>
  delete<Body = unknown>(path: string): Promise<Answer<Body>>
  stream(path: string): Promise<FrameStream>
}

export interface SentFrame {
  event: string
  id: string | undefined
  data: unknown
}

/** Frames of a stream as they come. */
export interface FrameStream {
  readonly frames: SentFrame[]
  until(done: (frames: readonly SentFrame[]) => boolean): Promise<SentFrame[]>
  ended: Promise<void>
  close(): void
}

type Cookies = Map<string, string>

/** A request as a browser sends it; `cookies` is kept up to date. */
export async function browse<Body = unknown>(
  { url, adminContract }: Pick<AdminServer, 'url' | 'adminContract'>,
  cookies: Cookies,
  method: string,
  path: string,
  { body, headers = {} }: RequestOptions = {},
): Promise<Answer<Body>> {
  const full = `/admin/v1${path}`
  const response = await fetch(url + full, {
    method,
    headers: {
      ...(cookies.size > 0 && { cookie: cookieText(cookies) }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  takeCookies(cookies, response)
  const text = await response.text()
  const type = response.headers.get('content-type')
  if (response.status >= 500) throw new Error(`${method} ${full} was answered ${response.status}: ${text}`)
  const parsed: unknown = type?.startsWith('application/json') ? JSON.parse(text) : text
  adminContract.checkAnswer(method, full, response.status, type, parsed)
  if (response.status >= 400 && (parsed as ErrorBody).error.requestId !== response.headers.get('x-request-id'))
    throw new Error(`${method} ${full}: the error's requestId is not that of the header`)
  return { status: response.status, headers: response.headers, body: parsed as Body }
}

function cookieText(cookies: Cookies): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

function takeCookies(cookies: Cookies, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [pair = '', ...attributes] = line.split(';')
    const [name = '', ...value] = pair.split('=')
    if (attributes.some((attribute) => attribute.trim().toLowerCase() === 'max-age=0')) cookies.delete(name)
    else cookies.set(name, value.join('='))
  }
}

/** Logs somebody in; throws when that is refused. */
export async function logIn(server: AdminServer, email: string, password = PASSWORD): Promise<AdminClient> {
  const cookies: Cookies = new Map()
  // An address of his own, so that tests of many people don't meet the limit of tries.
  const address = { 'x-test-address': randomBytes(4).toString('hex') }
  const login = await browse<Me>(server, cookies, 'POST', '/login', { body: { email, password }, headers: address })
  if (login.status !== 200) throw new Error(`the login was answered ${login.status}: ${JSON.stringify(login.body)}`)
  return clientOf(server, cookies, login.body, email)
}

export function clientOf(server: AdminServer, cookies: Cookies, me: Me, email: string): AdminClient {
  const request = <Body>(method: string, path: string, options: RequestOptions = {}) =>
    browse<Body>(server, cookies, method, path, {
      ...options,
      headers: { 'agentview-csrf': me.csrfToken, ...options.headers },
    })
  const withBody = (body: unknown): RequestOptions => (body === undefined ? {} : { body })
  return {
    me,
    memberId: me.member?.id ?? '',
    email,
    cookie: () => cookieText(cookies),
    request,
    get: (path, headers = {}) => request('GET', path, { headers }),
    post: (path, body) => request('POST', path, withBody(body)),
    patch: (path, body) => request('PATCH', path, withBody(body)),
    delete: (path) => request('DELETE', path),
    stream: (path) => openFrames(`${server.url}/admin/v1${path}`, cookieText(cookies)),
  }
}

/** Somebody new in an organization, logged in. */
export async function newMember(
  server: AdminServer,
  organizationId: string,
  role: Role,
  name = 'Somebody',
): Promise<AdminClient> {
  const email = `${name.toLowerCase().replaceAll(/\W/g, '.')}.${randomBytes(4).toString('hex')}@example.com`
  const user = await insertUser(server.db, { email, name, passwordHash: await passwordHash })
  await addMember(server.db, organizationId, user!.id, role)
  return logIn(server, email)
}

async function openFrames(url: string, cookie: string): Promise<FrameStream> {
  const abort = new AbortController()
  const response = await fetch(url, { headers: { cookie, accept: 'text/event-stream' }, signal: abort.signal })
  if (response.status !== 200) throw new Error(`${url} is no stream: ${response.status} ${await response.text()}`)
  const frames = growing<SentFrame>()
  const parser = createParser({
    onEvent: ({ id, event = '', data }) => frames.add({ event, id, data: JSON.parse(data) as unknown }),
  })
  async function read(): Promise<void> {
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true })
      for await (const chunk of response.body!) parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }))
    } catch (error) {
      if (!abort.signal.aborted) throw error
    } finally {
      frames.finish()
    }
  }
  const ended = read()
  ended.catch(() => undefined)
  return { frames: frames.all, until: (done) => frames.until(done), ended, close: () => abort.abort() }
}
