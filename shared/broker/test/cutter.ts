import { createServer, type Server, type Socket, connect } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A TCP proxy that can be cut, or fall silent with its connections open. */
export interface Cutter {
  /** The address of the service, by way of the proxy. */
  url: string
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>
  /** Passes nothing on any more, and says nothing. */
  freeze(): void
  /** As at the beginning; what was frozen is ended. */
  mend(): Promise<void>
  close(): Promise<void>
}

export async function startCutter(target: string): Promise<Cutter> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let frozen = false
  let server: Server | null = null

  function accept(socket: Socket): void {
    const upstream = connect(Number(port), hostname)
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (!frozen) to.write(bytes)
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  }

  async function listen(on: number): Promise<number> {
    const listening = createServer(accept)
    await new Promise<void>((resolve) => listening.listen(on, '127.0.0.1', resolve))
    server = listening
    return (listening.address() as AddressInfo).port
  }

  function reset(): void {
    for (const socket of sockets) socket.destroy()
  }

  async function cut(): Promise<void> {
    const closing = server
    server = null
    const closed = closing && new Promise((resolve) => closing.close(resolve))
    reset()
    await closed
  }

  const own = await listen(0)
  const url = new URL(target)
  url.host = `127.0.0.1:${own}`
  return {
    url: url.href,
    cut,
    freeze: () => void (frozen = true),
    async mend() {
      frozen = false
      reset()
      if (!server) await listen(own)
    },
    close: cut,
  }
}
