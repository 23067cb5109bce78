import { type Socket, io } from 'socket.io-client'
import type { FuzzedSocket } from '../generate/sockets.ts'
import type { Credential } from '../world/world.ts'

/** How a message was acknowledged; `closed` when the connection ended before, `silent` when nothing came in time. */
export interface Acknowledged {
  name: string
  answer: unknown
  end: 'answered' | 'closed' | 'silent'
}

export interface SocketOutcome {
  /** With the refusal's body, when the connection was refused. */
  connection: 'taken' | 'refused' | 'silent'
  refusal: unknown
  acknowledged: Acknowledged[]
}

/** Messages that the server passes over: it knows none of that name. */
const PASSED_OVER_MS = 20

interface RawSocket {
  ws?: { send(data: string): void }
}

/** Connects, emits all messages, each after the answer to the one before, sends the broken packet and hangs up. */
export async function talkBySocket(
  url: string,
  { token, key }: Credential,
  { messages, packet }: FuzzedSocket,
  known: ReadonlySet<string>,
  budgetMs: number,
): Promise<SocketOutcome> {
  const auth = { ...(token !== null && { token }), ...(key !== undefined && { key }) }
  const socket = io(`${url}/client`, { auth, transports: ['websocket'], reconnection: false, forceNew: true })
  try {
    const { connection, refusal } = await connected(socket, budgetMs)
    const acknowledged: Acknowledged[] = []
    if (connection !== 'taken') return { connection, refusal, acknowledged }
    for (const { name, payload } of messages) {
      const sent = payload.map((text): unknown => JSON.parse(text))
      if (known.has(name)) acknowledged.push(await asked(socket, name, sent, budgetMs))
      else await passedOver(socket, name, sent)
    }
    if (packet !== null && socket.connected) {
      const transport = socket.io.engine.transport as unknown as RawSocket
      transport.ws?.send(packet)
      await new Promise((resolve) => setTimeout(resolve, PASSED_OVER_MS))
    }
    return { connection, refusal, acknowledged }
  } finally {
    socket.close()
  }
}

function connected(socket: Socket, budgetMs: number): Promise<Pick<SocketOutcome, 'connection' | 'refusal'>> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ connection: 'silent', refusal: null }), budgetMs)
    const settle = (outcome: Pick<SocketOutcome, 'connection' | 'refusal'>) => {
      clearTimeout(timer)
      resolve(outcome)
    }
    socket.once('connect', () => settle({ connection: 'taken', refusal: null }))
    socket.once('connect_error', (error: Error & { data?: unknown }) =>
      settle({ connection: 'refused', refusal: error.data ?? error.message }),
    )
  })
}

function asked(socket: Socket, name: string, sent: unknown[], budgetMs: number): Promise<Acknowledged> {
  if (!socket.connected) return Promise.resolve({ name, answer: null, end: 'closed' })
  return new Promise((resolve) => {
    const settle = (end: Acknowledged['end'], answer: unknown = null) => {
      clearTimeout(timer)
      socket.off('disconnect', onEnd)
      resolve({ name, answer, end })
    }
    const timer = setTimeout(() => settle('silent'), budgetMs)
    const onEnd = () => settle('closed')
    socket.once('disconnect', onEnd)
    socket.emit(name, ...sent, (answer: unknown) => settle('answered', answer))
  })
}

async function passedOver(socket: Socket, name: string, sent: unknown[]): Promise<void> {
  socket.emit(name, ...sent)
  await new Promise((resolve) => setTimeout(resolve, PASSED_OVER_MS))
}
