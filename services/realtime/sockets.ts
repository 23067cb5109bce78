import type { Server as HttpServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server, type Socket } from 'socket.io'
import { SOCKET_MESSAGES } from '@shared/contracts/sockets'
import { checkOf } from '@shared/contracts/validate'
import type { Connections } from '@shared/delivery/connections'
import type { SessionFeeds } from '@shared/delivery/sessionFeeds'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { gather } from '@shared/domain/gather'
import { newId } from '@shared/domain/ids'
import { findJsonFault } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { hashOfRequest } from '@shared/http/idempotency'
import { toAgentViewError } from '@shared/http/answers'
import { endWithRefusal } from '@shared/http/refuseUnreadable'
import { type Caller, type Talker, scopeOf } from '@shared/intake/caller'
import { cancelRun } from '@shared/intake/cancelRun'
import { type Door, rateLimited } from '@shared/intake/door'
import { resumeRun } from '@shared/intake/resumeRun'
import { readAccepted } from '@shared/intake/accepted'
import type { IntakeTools } from '@shared/intake/intakeTools'
import { sendMessage } from '@shared/intake/sendMessage'
import { type SessionAccess, findSessions } from '@shared/store/sessions'
import { SocketClient } from './socketClient.ts'

export interface SocketTools extends IntakeTools {
  feeds: SessionFeeds
  connections: Connections
  door: Door
  log: IntakeTools['log'] & { error(details: object, line: string): void }
}

const PATH = '/socket.io'

/**
 * Socket.IO on `/socket.io`, namespace `/client`. Rooms and adapters are not used: subscriptions are ours, by cursor, so
 * any node can go on where another stopped. Every subscribe is authorised; the socket ends with its token.
 */
export function attachSockets(server: HttpServer, tools: SocketTools): Server {
  const io = new Server(server, {
    path: PATH,
    serveClient: false,
    maxHttpBufferSize: tunables.socketPacketBytes,
    connectTimeout: tunables.socketAdmission,
    // What may connect is decided by the credential below; Socket.IO only needs to answer preflights.
    cors: { origin: true },
  })
  // The answer to an upgrade and Engine.IO's first packet, which follows within the tick, are one write.
  server.prependListener('upgrade', (request, connection: Duplex) => {
    if (!request.url?.startsWith(`${PATH}/`)) return endWithRefusal(connection, noUpgrade())
    connection.cork()
    setImmediate(() => connection.uncork())
  })
  // Whoever names no namespace would stay connected without having said who he is.
  io.use((_socket, next) => next(refusalOf(notFound('namespace'))))
  const namespace = io.of('/client')
  namespace.use((socket, next) => {
    admit(socket, tools).then(
      (caller) => {
        socket.data = { caller }
        next()
      },
      (error: unknown) => {
        logFault(tools, error, 'a socket could not be admitted')
        next(refusalOf(error))
      },
    )
  })
  const ownSession = gather(tunables.subscribeTogether, (asked: readonly ReadRequest[]) =>
    findSessions(tools.db, asked),
  )
  namespace.on('connection', (socket) => serve(socket, tools, ownSession))
  return io
}

/** Engine.IO would let it wait for a second and hang up; Node gives whoever asks for an upgrade to nobody else. */
function noUpgrade(): AgentViewError {
  return new AgentViewError(
    'invalid_request',
    `Only WebSockets to ${PATH}/ may be upgraded to: send the request without the header Upgrade.`,
  )
}

async function admit(socket: Socket, { door }: SocketTools): Promise<Talker> {
  const { token, key } = socket.handshake.auth as { token?: unknown; key?: unknown }
  const caller = talker(await door.authenticate(socket.request, textOf(token), textOf(key)))
  const { origin, host } = socket.handshake.headers
  await door.checkOrigin(caller, origin, host)
  holdPlace(socket, door.stay(caller, socket.request))
  return caller
}

/** Whatever ends it, its place is given back; a connection that has left the namespace serves nothing any more. */
function holdPlace(socket: Socket, leave: () => void): void {
  const { conn } = socket
  conn.once('close', leave)
  socket.once('disconnect', () => conn.close())
  if (conn.readyState !== 'open') leave()
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

function talker(caller: Caller): Talker {
  if (caller.kind === 'publishable' || caller.kind === 'run')
    throw new AgentViewError('forbidden', 'This credential can not talk: get an end-user token first.')
  return caller
}

type ReadRequest = ReturnType<typeof scopeOf> & { sessionId: string }

function serve(
  socket: Socket,
  tools: SocketTools,
  ownSession: (request: ReadRequest) => Promise<SessionAccess | null>,
): void {
  const client = new SocketClient(socket, (socket.data as { caller: Talker }).caller, tools.connections)
  on(client, tools, 'subscribe', ({ sessionId, after }) =>
    client.inTurn(sessionId, async () => {
      if (!(await ownSession({ ...scopeOf(client.caller), sessionId }))) throw notFound('session')
      const { lastSeq } = await client.subscribe(tools.feeds, sessionId, after)
      return { ok: true, lastSeq }
    }),
  )
  on(client, tools, 'unsubscribe', ({ sessionId }) =>
    client.inTurn(sessionId, async () => {
      client.unsubscribe(sessionId)
      return { ok: true }
    }),
  )
  on(client, tools, 'message', ({ sessionId, idempotencyKey, ...message }) =>
    client.inTurn(sessionId, async () => {
      const requestHash = hashOfRequest(sessionId, message)
      const key = { route: 'socket message', key: idempotencyKey, requestHash }
      const accepted = await sendMessage(tools, client.caller, sessionId, message, key)
      return readAccepted(tools, client.caller, accepted)
    }),
  )
  on(client, tools, 'cancel', async ({ runId }) => ({ run: await cancelRun(tools, client.caller, runId) }))
  on(client, tools, 'resume', async ({ runId, idempotencyKey: _key, ...answers }) => ({
    run: await resumeRun(tools, client.caller, runId, answers),
  }))
  on(client, tools, 'auth', ({ token, key }) => renew(client, tools, token, key))
}

const CHECKS = Object.fromEntries(
  Object.entries(SOCKET_MESSAGES).map(([name, schema]) => [name, checkOf(schema)]),
) as unknown as {
  [Name in keyof typeof SOCKET_MESSAGES]: ReturnType<typeof checkOf<(typeof SOCKET_MESSAGES)[Name]>>
}

type Message<Name extends keyof typeof SOCKET_MESSAGES> = Extract<
  ReturnType<(typeof CHECKS)[Name]>,
  { ok: true }
>['value']

/** Handles one kind of message: checked by its schema, answered through its acknowledgement, errors in the usual shape. */
function on<Name extends keyof typeof SOCKET_MESSAGES>(
  client: SocketClient,
  tools: SocketTools,
  name: Name,
  handle: (message: Message<Name>) => Promise<object>,
): void {
  const counts = COUNTED.has(name)
  client.socket.on(name as string, (...sent: unknown[]) => {
    const last = sent.at(-1)
    const acknowledge = typeof last === 'function' ? (last as (body: object) => void) : () => undefined
    void (async () => {
      try {
        if (counts) spendOrRefuse(client, tools.door)
        acknowledge(await handle(checkedMessage(name, sent[0])))
      } catch (error) {
        logFault(tools, error, `a socket's "${name}" failed`)
        acknowledge({ error: errorBody(error) })
      }
    })()
  })
}

/** What counts against the caller's limit, the same as his requests by HTTP. */
const COUNTED: ReadonlySet<keyof typeof SOCKET_MESSAGES> = new Set(['subscribe', 'message', 'cancel', 'resume'])

function spendOrRefuse({ caller, socket }: SocketClient, door: Door): void {
  const allowance = door.spend(caller, socket.request, 1)
  if (allowance?.refused) throw rateLimited('Too many requests', allowance.reset)
}

function checkedMessage<Name extends keyof typeof SOCKET_MESSAGES>(name: Name, message: unknown): Message<Name> {
  const fault = holdsBytes(message)
    ? { path: '', message: 'holds bytes, which is not JSON' }
    : findJsonFault(message, tunables.jsonDepth)
  const result = fault ? { ok: false as const, details: [fault] } : CHECKS[name](message)
  if (result.ok) return result.value as Message<Name>
  const [first] = result.details
  throw new AgentViewError('invalid_request', `The message is not valid: ${first?.path} ${first?.message}.`, {
    details: result.details,
  })
}

/** Socket.IO also carries bytes, which look like objects. Walks with its own stack: depth is the client's. */
function holdsBytes(message: unknown): boolean {
  const stack = [message]
  while (stack.length > 0) {
    const value = stack.pop()
    if (typeof value !== 'object' || value === null) continue
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true
    for (const member of Object.values(value)) stack.push(member)
  }
  return false
}

/** A newer token of the same principal takes the old one's place on the open socket. */
async function renew(client: SocketClient, tools: SocketTools, token: string, key?: string): Promise<object> {
  const caller = talker(await tools.door.authenticate(client.socket.request, token, key ?? null))
  const same =
    caller.kind === client.caller.kind && JSON.stringify(scopeOf(caller)) === JSON.stringify(scopeOf(client.caller))
  if (!same) throw new AgentViewError('forbidden', 'The token is of another principal: open another socket.')
  client.renew(caller)
  return { ok: true }
}

function logFault(tools: SocketTools, error: unknown, line: string): void {
  if (toAgentViewError(error).code === 'internal') tools.log.error({ err: error }, line)
}

function errorBody(error: unknown): object {
  const { code, message, details, extra } = toAgentViewError(error)
  return { code, message, ...(details && { details }), requestId: newId('request'), ...extra }
}

/** Socket.IO hands `data` of a middleware's error to the client. */
function refusalOf(error: unknown): Error {
  const body = errorBody(error)
  const refusal = new Error('code' in body ? String(body.code) : 'refused')
  return Object.assign(refusal, { data: body })
}
