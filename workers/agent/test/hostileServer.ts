import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { AgentFailure } from '../agentFailure.ts'
import { type AnswerRecord, newAnswerRecord } from '../answerRecord.ts'
import type { MakingFrame } from '../assembleRun.ts'
import { createOutboundGuard } from '@shared/outbound/guard'
import { type AgentCall, type CallEnd, callAgentApp } from '../callAgentApp.ts'

type CallFrame = MakingFrame | CallEnd

/** A server that speaks HTTP by hand, so that it can break it in any way. */
export interface HostileServer {
  url: string
  /** Heads of the requests that came, with their bodies. */
  requests: { head: string; body: string }[]
  /** How many connections were made. */
  connections(): number
  /** How many are open now. */
  open(): number
  close(): Promise<void>
}

/** Called for each request; answers on the socket as it likes. */
export type Answer = (socket: Socket, count: number) => unknown

const servers: HostileServer[] = []

export async function serveHostile(answer: Answer): Promise<HostileServer> {
  const server = await start(answer)
  servers.push(server)
  return server
}

/** After each test. */
export async function closeServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.close()))
}

async function start(answer: Answer): Promise<HostileServer> {
  const sockets = new Set<Socket>()
  const requests: HostileServer['requests'] = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const [head, body] = splitRequest(received)
      if (head === undefined || body === undefined) return
      received = Buffer.alloc(0)
      requests.push({ head, body })
      answer(socket, requests.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/agent`,
    requests,
    connections: () => connections,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Head and body once both are there; undici sends neither pipelined requests nor chunked bodies here. */
function splitRequest(received: Buffer): [string?, string?] {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return []
  const head = received.subarray(0, end).toString()
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
  const body = received.subarray(end + 4)
  return body.length < length ? [head] : [head, body.toString()]
}

export const head = (status: number, headers: Record<string, string> = {}): string =>
  [`HTTP/1.1 ${status} Whatever`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join(
    '\r\n',
  )

/** A whole answer of known length. */
export const whole = (status: number, body: string | Uint8Array, headers: Record<string, string> = {}): Uint8Array =>
  Buffer.concat([
    Buffer.from(head(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) })),
    Buffer.from(body),
  ])

export const STREAM = { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' }
/** A stream whose end is the connection's. */
export const UNDELIMITED = { 'content-type': 'text/event-stream', connection: 'close' }

export function chunk(body: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(body)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}
export const LAST_CHUNK = '0\r\n\r\n'

export const frame = (name: string, data: object = {}): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

export interface Outcome {
  frames: CallFrame[]
  names: string[]
  record: AnswerRecord
  /** What the call ended with, when not with `done`. */
  failure: unknown
}

export const LOOPBACK = createOutboundGuard(['127.0.0.0/8', '::1', 'localhost'])

/** Far longer than any test takes, so that only the one that a test shortens can fire. */
const PATIENT = { connectMs: 20_000, idleMs: 20_000, totalMs: 20_000 }

export async function call(
  url: string,
  more: Partial<Omit<AgentCall, 'timeouts'>> & { timeouts?: Partial<AgentCall['timeouts']> } = {},
  onFrame: (frame: CallFrame) => void = () => undefined,
): Promise<Outcome> {
  const record = newAnswerRecord()
  const frames: CallFrame[] = []
  const timeouts = { ...PATIENT, ...more.timeouts }
  const signal = more.signal ?? new AbortController().signal
  const headers = { 'content-type': 'application/json' }
  const request = { url, guard: LOOPBACK, headers, body: '{}', now: () => new Date(), ...more, signal, timeouts }
  let failure: unknown = null
  try {
    const take = (frame: CallFrame) => {
      frames.push(frame)
      onFrame(frame)
    }
    take(await callAgentApp(request, record, take))
  } catch (error) {
    failure = error
  }
  return { frames, names: frames.map(({ name }) => name), record, failure }
}

/** The failure that a call must have ended with. */
export function failureOf({ failure }: Outcome): AgentFailure {
  if (failure instanceof AgentFailure) return failure
  throw failure ?? new Error('the call came to a good end')
}

/** Waits until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}
