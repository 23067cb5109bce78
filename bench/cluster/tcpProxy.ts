import { type Server, type Socket, connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/**
 * A TCP proxy in this process that stands between a client and a service and can be told to misbehave. What it was told
 * holds for open and new connections until `heal`.
 */
export interface TcpProxy {
  readonly port: number
  /** Connections that are open now. */
  connections(): number
  /** The ports from which the service sees the open connections come. */
  outgoingPorts(): number[]
  /** Ends every open connection with RST; new ones are served. */
  reset(): number
  /** Ends every open connection with RST and refuses new ones. */
  refuse(): void
  /** Passes nothing on, in either direction, and says nothing. */
  blackHole(): void
  /** Takes nothing more from either side, as one that does not read: who writes to it can't get rid of it. */
  stall(): void
  /** Holds every chunk back for so long. */
  delay(ms: number): void
  /** Each connection is reset once `bytes` more have come back from the service over it. */
  cutAfter(bytes: number): void
  /** As at the beginning. What was held back in a black hole is lost with its connection. */
  heal(): void
  close(): Promise<void>
}

type Mood =
  { kind: 'well' | 'refuse' | 'blackHole' | 'stall' } | { kind: 'delay'; ms: number } | { kind: 'cut'; bytes: number }

interface Pair {
  client: Socket
  service: Socket
  /** Bytes have been swallowed: it can never be whole again. */
  broken: boolean
  answered: number
}

interface Direction {
  from: Socket
  to: Socket
  line: WaitingLine
}

/** Listens on a free port of 127.0.0.1 and passes on to `target`. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  let mood: Mood = { kind: 'well' }

  function accept(client: Socket): void {
    if (mood.kind === 'refuse') return void client.resetAndDestroy()
    const service = connect(target.port, target.host)
    const pair: Pair = { client, service, broken: false, answered: 0 }
    pairs.add(pair)
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      const line = waitingLine()
      from.setNoDelay(true)
      from.on('data', (bytes) => pass(pair, { from, to, line }, bytes))
      from.on('end', () => line.after(0, () => to.end()))
      from.on('error', () => to.resetAndDestroy())
      from.on('close', () => {
        pairs.delete(pair)
        if (!to.destroyed) setTimeout(() => to.destroy(), LINGER_MS).unref()
      })
      if (mood.kind === 'stall') from.pause()
    }
  }

  function pass(pair: Pair, { from, to, line }: Direction, bytes: Buffer): void {
    const send = (ms: number) => line.after(ms, () => write(from, to, bytes))
    switch (mood.kind) {
      case 'blackHole':
        pair.broken = true
        return
      case 'stall':
        // Let on once by a drain that was waited for.
        to.write(bytes)
        from.pause()
        return
      case 'delay':
        return send(mood.ms)
      case 'cut': {
        if (from === pair.client) return send(0)
        const left = Math.max(0, mood.bytes - pair.answered)
        pair.answered += bytes.length
        if (bytes.length < left) return send(0)
        to.write(bytes.subarray(0, left), () => resetPair(pair))
        return
      }
      default:
        send(0)
    }
  }

  function resetPair({ client, service }: Pair): void {
    client.resetAndDestroy()
    service.resetAndDestroy()
  }

  function resetAll(which: (pair: Pair) => boolean = () => true): number {
    const chosen = [...pairs].filter(which)
    for (const pair of chosen) resetPair(pair)
    return chosen.length
  }

  const server: Server = createServer({ allowHalfOpen: true }, accept)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server on a TCP port has such an address.
  const { port } = server.address() as AddressInfo
  return {
    port,
    connections: () => pairs.size,
    outgoingPorts: () => [...pairs].flatMap(({ service }) => service.localPort ?? []),
    reset: () => resetAll(),
    refuse() {
      mood = { kind: 'refuse' }
      resetAll()
    },
    blackHole: () => void (mood = { kind: 'blackHole' }),
    stall() {
      mood = { kind: 'stall' }
      for (const { client, service } of pairs) for (const side of [client, service]) side.pause()
    },
    delay: (ms) => void (mood = { kind: 'delay', ms }),
    cutAfter(bytes) {
      for (const pair of pairs) pair.answered = 0
      mood = { kind: 'cut', bytes }
    },
    heal() {
      const stalled = mood.kind === 'stall'
      mood = { kind: 'well' }
      resetAll(({ broken }) => broken)
      if (stalled) for (const { client, service } of pairs) for (const side of [client, service]) side.resume()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        resetAll()
      }),
  }
}

const LINGER_MS = 1_000

/** Back-pressure goes through: who can't take more is not sent more. */
function write(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.destroyed || to.writableEnded) return
  if (to.write(bytes) || from.isPaused()) return
  from.pause()
  to.once('drain', () => from.resume())
}

interface WaitingLine {
  /** Does it after `ms`, and after all that waits already: bytes never overtake others, also when a delay has ended. */
  after(ms: number, act: () => void): void
}

function waitingLine(): WaitingLine {
  const waiting: { dueAt: number; act: () => void }[] = []

  function awaitFirst(): void {
    const [first] = waiting
    if (!first) return
    setTimeout(() => {
      waiting.shift()
      first.act()
      awaitFirst()
    }, first.dueAt - performance.now())
  }

  return {
    after(ms, act) {
      if (ms === 0 && waiting.length === 0) return act()
      waiting.push({ dueAt: performance.now() + ms, act })
      if (waiting.length === 1) awaitFirst()
    },
  }
}
