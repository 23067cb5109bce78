import type { Server as HttpServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import { SOCKET_MESSAGES } from '@shared/contracts/sockets'
import { checkOf } from '@shared/contracts/validate'
import type { SessionFeeds, Subscription } from '@shared/delivery/sessionFeeds'
import { type Sink, textOf } from '@shared/delivery/sink'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { findJsonFault } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { hashOfRequest } from '@shared/http/idempotency'
import { toAgentViewError } from '@shared/http/httpApp'
import type { Authenticator } from '@shared/intake/authenticate'
import { type Caller, type Talker, scopeOf } from '@shared/intake/caller'
import { cancelRun } from '@shared/intake/cancelRun'
import { type IntakeTools, type RequestKey, readAccepted, sendMessage } from '@shared/intake/sendMessage'
import { findSession } from '@shared/store/sessions'
import { newId } from '@shared/domain/ids'

export interface SocketTools extends IntakeTools {
  feeds: SessionFeeds
  authenticator: Authenticator
}

/** What one connected client is and reads. */
interface Client {
  socket: Socket
  caller: Talker
  subscriptions: Map<string, Subscription>
  timers: NodeJS.Timeout[]
  /** Bytes sent since the connection last had nothing left to send. */
  unsentBytes: number
}

/** The most sessions that one socket may read at once. */
const SUBSCRIPTIONS_MAX = 200

/**
 * Socket.IO on `/socket.io`, namespace `/client`. Rooms and adapters are not used: subscriptions are ours, by cursor, so
 * any node can go on where another stopped. Every subscribe is authorised; the socket ends with its token.
 */
export function attachSockets(server: HttpServer, tools: SocketTools): Server {
  const io = new Server(server, {
    path: '/socket.io',
    serveClient: false,
    maxHttpBufferSize: tunables.socketPacketBytes,
    // What may connect is decided by the credential below; Socket.IO only needs to answer preflights.
    cors: { origin: true },
  })
  const namespace = io.of('/client')
  namespace.use((socket, next) => {
    admit(socket, tools).then(
      (caller) => {
        socket.data = { caller }
        next()
      },
      (error: unknown) => next(refusalOf(error)),
    )
  })
  namespace.on('connection', (socket) => serve(socket, tools))
  return io
}

async function admit(socket: Socket, { authenticator }: SocketTools): Promise<Talker> {
  const { token } = socket.handshake.auth as { token?: unknown }
  const caller = await authenticator.authenticate(typeof token === 'string' ? token : null)
  const { origin, host } = socket.handshake.headers
  await authenticator.checkOrigin(caller, origin, host)
  return talker(caller)
}

function talker(caller: Caller): Talker {
  if (caller.kind === 'publishable')
    throw new AgentViewError('forbidden', 'A publishable key can not talk: get an end-user token first.')
  return caller
}

function serve(socket: Socket, tools: SocketTools): void {
  const { caller } = socket.data as { caller: Talker }
  const client: Client = { socket, caller, subscriptions: new Map(), timers: [], unsentBytes: 0 }
  socket.conn.on('drain', () => (client.unsentBytes = 0))
  watchExpiry(client)
  on(client, 'subscribe', ({ sessionId, after }) => subscribe(client, tools, sessionId, after))
  on(client, 'unsubscribe', async ({ sessionId }) => {
    client.subscriptions.get(sessionId)?.close()
    client.subscriptions.delete(sessionId)
    return { ok: true }
  })
  on(client, 'message', async ({ sessionId, idempotencyKey, ...message }) => {
    const accepted = await sendMessage(
      tools,
      client.caller,
      sessionId,
      message,
      keyOf('message', idempotencyKey, sessionId, message),
    )
    return { ...(await readAccepted(tools, client.caller, accepted)) }
  })
  on(client, 'cancel', async ({ runId }) => ({ run: await cancelRun(tools, client.caller, runId) }))
  on(client, 'auth', ({ token }) => renew(client, tools, token))
  socket.on('disconnect', () => {
    for (const timer of client.timers) clearTimeout(timer)
    for (const subscription of client.subscriptions.values()) subscription.close()
    client.subscriptions.clear()
  })
}

type Message<Name extends keyof typeof SOCKET_MESSAGES> = Extract<
  ReturnType<ReturnType<typeof checkOf<(typeof SOCKET_MESSAGES)[Name]>>>,
  { ok: true }
>['value']

/** Handles one kind of message: checked by its schema, answered through its acknowledgement, errors in the usual shape. */
function on<Name extends keyof typeof SOCKET_MESSAGES>(
  client: Client,
  name: Name,
  handle: (message: Message<Name>) => Promise<object>,
): void {
  const check = checkOf(SOCKET_MESSAGES[name])
  client.socket.on(name as string, (message: unknown, acknowledge: unknown) => {
    const answer = typeof acknowledge === 'function' ? (acknowledge as (body: object) => void) : () => undefined
    void (async () => {
      try {
        const fault = findJsonFault(message, tunables.jsonDepth)
        if (fault)
          throw new AgentViewError('invalid_request', `The message is not valid: ${fault.path} ${fault.message}.`)
        const checked = check(message)
        if (!checked.ok)
          throw new AgentViewError('invalid_request', 'The message is not valid.', { details: checked.details })
        answer(await handle(checked.value))
      } catch (error) {
        answer({ error: errorBody(error) })
      }
    })()
  })
}

async function subscribe(client: Client, tools: SocketTools, sessionId: string, after: number): Promise<object> {
  if (!(await findSession(tools.db, scopeOf(client.caller), sessionId))) throw notFound('session')
  if (client.subscriptions.size >= SUBSCRIPTIONS_MAX && !client.subscriptions.has(sessionId)) {
    throw new AgentViewError('rate_limited', `A socket reads at most ${SUBSCRIPTIONS_MAX} sessions.`)
  }
  client.subscriptions.get(sessionId)?.close()
  const subscription = await tools.feeds.subscribe(sessionId, after, socketSink(client, sessionId))
  client.subscriptions.set(sessionId, subscription)
  if (!client.socket.connected) subscription.close()
  return { ok: true, lastSeq: subscription.lastSeq }
}

function socketSink(client: Client, sessionId: string): Sink {
  const { socket, subscriptions } = client
  return {
    send(event) {
      client.unsentBytes += textOf(event).length
      socket.emit('event', event)
    },
    pendingBytes: () => client.unsentBytes,
    async drained() {
      while (socket.connected && client.unsentBytes > tunables.readerBytes / 2) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    cut(reason, lastSeq) {
      subscriptions.delete(sessionId)
      socket.emit('cut', { sessionId, reason, lastSeq })
      // One that does not read keeps everything in memory until its connection ends.
      if (reason === 'slow') setTimeout(() => socket.disconnect(true), 100).unref()
    },
  }
}

/** Warns before the token ends and closes the socket when it does. */
function watchExpiry(client: Client): void {
  for (const timer of client.timers.splice(0)) clearTimeout(timer)
  if (client.caller.kind !== 'endUser') return
  const left = client.caller.expiresAt.getTime() - Date.now()
  const { socket } = client
  client.timers.push(
    setTimeout(
      () => socket.emit('token_expiring', { expiresInMs: Math.min(left, tunables.tokenWarning) }),
      Math.max(0, left - tunables.tokenWarning),
    ),
    setTimeout(() => {
      for (const [sessionId, subscription] of client.subscriptions) {
        subscription.close()
        socket.emit('cut', { sessionId, reason: 'token_expired', lastSeq: subscription.lastSeq })
      }
      socket.disconnect(true)
    }, left),
  )
}

/** A newer token of the same principal takes the old one's place on the open socket. */
async function renew(client: Client, tools: SocketTools, token: string): Promise<object> {
  const caller = talker(await tools.authenticator.authenticate(token))
  const same =
    caller.kind === client.caller.kind && JSON.stringify(scopeOf(caller)) === JSON.stringify(scopeOf(client.caller))
  if (!same) throw new AgentViewError('forbidden', 'The token is of another principal: open another socket.')
  client.caller = caller
  watchExpiry(client)
  return { ok: true }
}

function keyOf(route: string, key: string, sessionId: string, message: object): RequestKey {
  return { route: `socket ${route}`, key, requestHash: hashOfRequest(sessionId, message) }
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
