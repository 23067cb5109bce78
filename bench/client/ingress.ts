import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'

/** One address in front of a cluster, as clients have it: streams go to one realtime node after the other, calls to the API. */
export interface Ingress {
  readonly url: string
  /** Ends every open connection, as a lost network would; new ones are served. */
  drop(): void
  close(): Promise<void>
}

/** `onStream` hears of each stream that begins: at which node, and after which seq when its address says so. */
export async function startIngress(
  apiUrl: string,
  eventsUrls: readonly string[],
  onStream: (url: string) => void,
): Promise<Ingress> {
  const sockets = new Set<Socket>()
  let streams = 0
  const nextNode = () => {
    const url = eventsUrls[streams++ % eventsUrls.length]!
    onStream(url)
    return url
  }
  const server = createServer((incoming, response) => {
    const streaming = /^\/v1\/(sessions|runs)\/[^/]+\/events(\?|$)/.test(incoming.url ?? '')
    passOn(incoming, response, streaming ? nextNode() : apiUrl)
  })
  server.on('upgrade', (incoming: IncomingMessage, client: Socket, head: Buffer) => {
    upgrade(incoming, client, head, nextNode())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const drop = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    drop,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      drop()
      await closed
    },
  }
}

function passOn(incoming: IncomingMessage, response: ServerResponse, target: string): void {
  const { method, url, headers } = incoming
  const outgoing = request(target + (url ?? '/'), { ...(method && { method }), headers, agent: false })
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
    answer.on('error', () => response.destroy())
  })
  // A node that is away hangs up on whoever asks, as a load balancer without another one does.
  outgoing.on('error', () => response.destroy())
  response.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

function upgrade({ method, url, rawHeaders }: IncomingMessage, client: Socket, head: Buffer, target: string): void {
  const { hostname, port } = new URL(target)
  const service = connect(Number(port), hostname)
  const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []))
  service.write(`${[`${method} ${url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`)
  service.write(head)
  service.pipe(client)
  client.pipe(service)
  for (const [one, other] of [
    [client, service],
    [service, client],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}
