import type { IncomingHttpHeaders } from 'node:http'
import ipaddr from 'ipaddr.js'

/** What of a request says where it comes from. */
export interface Requester {
  headers: IncomingHttpHeaders
  socket: { remoteAddress?: string | undefined }
}

const BITS_OF_ONE_HOLDER = 64

/**
 * The address that a request comes from. Each trusted proxy has added the address of whoever asked it at the end of
 * X-Forwarded-For, so the client's stands that many places from the end; what stands before it was written by the client
 * himself. IPv6 addresses count by their first 64 bits, which is what one subscriber has.
 */
export function addressOf({ headers, socket }: Requester, trustedProxies: number): string {
  const own = socket.remoteAddress ?? ''
  if (trustedProxies === 0) return holderOf(own) ?? own
  const forwarded = headers['x-forwarded-for']
  // Node joins several headers of this name in their order.
  const named = typeof forwarded === 'string' ? forwarded.split(',').slice(-trustedProxies).toReversed() : []
  let found = holderOf(own) ?? own
  for (const name of named) {
    const address = holderOf(name.trim())
    // From here on it is not what a proxy of ours writes.
    if (address === null) break
    found = address
  }
  return found
}

/** An address as limits count it; null when it is none. Some proxies write a port behind it. */
function holderOf(text: string): string | null {
  const bare = /^\[([^\]]+)\](:\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return bare
  if (!ipaddr.IPv6.isValid(bare)) return null
  const address = ipaddr.IPv6.parse(bare)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString()
  const parts = address.parts.slice(0, BITS_OF_ONE_HOLDER / 16)
  return `${parts.map((part) => part.toString(16)).join(':')}::/${BITS_OF_ONE_HOLDER}`
}
