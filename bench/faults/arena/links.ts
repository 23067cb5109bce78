import type { Cleanup } from '../../cluster/cleanup.ts'
import { type TcpProxy, startTcpProxy } from '../../cluster/tcpProxy.ts'

/** A proxy between each process and each service it calls, by their names: `links.between('worker-1', 'postgres')`. */
export class Links {
  readonly #cleanup: Cleanup
  readonly #proxies = new Map<string, TcpProxy>()

  constructor(cleanup: Cleanup) {
    this.#cleanup = cleanup
  }

  /** The address by which `from` reaches `to`, through a proxy of its own. */
  async route(from: string, to: string, url: string): Promise<string> {
    const address = new URL(url)
    const key = `${from} → ${to}`
    let proxy = this.#proxies.get(key)
    if (!proxy) {
      proxy = await startTcpProxy({ host: address.hostname, port: Number(address.port) })
      this.#cleanup.defer(proxy.close)
      this.#proxies.set(key, proxy)
    }
    address.hostname = '127.0.0.1'
    address.port = String(proxy.port)
    return address.href.replace(/\/$/, '')
  }

  between(from: string, to: string): TcpProxy {
    const proxy = this.#proxies.get(`${from} → ${to}`)
    if (!proxy)
      throw new Error(`no proxy between ${from} and ${to}; there are: ${[...this.#proxies.keys()].join(', ')}`)
    return proxy
  }

  heal(): void {
    for (const proxy of this.#proxies.values()) proxy.heal()
  }
}
