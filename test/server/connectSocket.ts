import { type Socket, io } from 'socket.io-client'
import type { DeliveredEvent } from '@shared/delivery/sink'
import type { ErrorBody } from './apiClient.ts'
import { checkedEvent } from './contract.ts'
import { growing } from './eventually.ts'
import type { Cut } from './sseStream.ts'

export interface SocketOptions {
  token?: unknown
  key?: string
  origin?: string
  headers?: Record<string, string>
  transports?: string[]
  namespace?: string
}

/** A client of the namespace `/client`; every event is checked against the contract. */
export interface TestSocket {
  socket: Socket
  readonly events: DeliveredEvent[]
  readonly cuts: (Cut & { sessionId: string })[]
  /** Resolves with the warning that the token ends, which may come with the connection itself. */
  readonly warned: Promise<unknown>
  /** Emits and gives the acknowledgement; rejects when the socket ends before. */
  ask<Answer = Record<string, unknown>>(name: string, ...messages: unknown[]): Promise<Answer & Partial<ErrorBody>>
  until(done: (events: readonly DeliveredEvent[]) => boolean): Promise<DeliveredEvent[]>
  /** Resolves with the reason once the server or the connection has ended it. */
  disconnected: Promise<string>
  close(): void
}

/** Resolves once the server has taken it; rejects with the refusal's body. */
export async function connectSocket(url: string, options: SocketOptions): Promise<TestSocket> {
  const { token, key, origin, headers, transports = ['websocket'], namespace = '/client' } = options
  const socket = io(url + namespace, {
    auth: { ...(token !== undefined && { token }), ...(key !== undefined && { key }) },
    transports,
    reconnection: false,
    forceNew: true,
    extraHeaders: { ...headers, ...(origin !== undefined && { origin }) },
  })
  const events = growing<DeliveredEvent>()
  const cuts: TestSocket['cuts'] = []
  let wrong: Error | null = null
  socket.on('event', (event: unknown) => {
    try {
      events.add(checkedEvent(event))
    } catch (error) {
      wrong = error as Error
      events.finish()
    }
  })
  socket.on('cut', (cut: Cut & { sessionId: string }) => cuts.push(cut))
  const warned = new Promise<unknown>((resolve) => socket.once('token_expiring', resolve))
  const disconnected = new Promise<string>((resolve) => socket.once('disconnect', resolve))
  void disconnected.then(() => events.finish())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', (error: Error & { data?: unknown }) => {
      socket.close()
      reject(Object.assign(new Error(error.message), { data: error.data }))
    })
  })
  return {
    socket,
    events: events.all,
    cuts,
    warned,
    disconnected,
    ask: (name, ...messages) =>
      new Promise((resolve, reject) => {
        void disconnected.then((reason) => reject(new Error(`disconnected: ${reason}`)))
        socket.emit(name, ...messages, resolve)
      }),
    async until(done) {
      const all = await events.until(done)
      if (wrong) throw wrong
      return all
    },
    close: () => void socket.close(),
  }
}
