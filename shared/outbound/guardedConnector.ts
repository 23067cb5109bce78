import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import { isIP } from 'node:net'
import { buildConnector } from 'undici'
import type { OutboundGuard } from './guard.ts'

/** Nothing was connected to: the guard forbids it. Not to be tried again: an operator has to change something. */
export class OutboundRefused extends Error {
  readonly code = 'OUTBOUND_REFUSED'
}

type Lookup = (host: string, options: LookupOptions & { all: true }, callback: LookedUp) => void
type LookedUp = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void

/**
 *   host is an address ─▶ addressFault ─▶ connect
 *   host is a name ─▶ look it up, once ─▶ addressFault of each ─▶ connect to those that are left
 * How an undici Agent connects (`new Agent({ connect })`) where the guard lets it: the address that was checked is the one
 * that is connected to, so a name that resolves to something else the next time gains nothing. It costs a connection, and
 * no request on one that is kept open. undici follows no redirects by itself.
 * `timeout`: until connected, in ms.
 */
export function guardedConnector(
  guard: OutboundGuard,
  { timeout, resolve = lookup as Lookup }: { timeout: number; resolve?: Lookup },
): buildConnector.connector {
  const connect = buildConnector({ timeout, lookup: guardedLookup(guard, resolve) })
  return (options, callback) => {
    // Addresses are never looked up.
    const host = options.hostname.replace(/^\[|\]$/g, '')
    const fault = isIP(host) === 0 || guard.namesHost(host) ? null : guard.addressFault(host)
    if (fault !== null) callback(refused(host, fault), null)
    else connect(options, callback)
  }
}

/** As net.connect asks: for all addresses, or for one. */
function guardedLookup(guard: OutboundGuard, resolve: Lookup) {
  return (
    host: string,
    options: LookupOptions,
    callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, [])
      const faults = guard.namesHost(host) ? [] : found.map(({ address }) => guard.addressFault(address))
      const left = found.filter((_, index) => (faults[index] ?? null) === null)
      const first = left[0]
      if (!first) return callback(refused(host, faults[0] ?? 'leads to no address'), [])
      if (options.all) callback(null, left)
      else callback(null, first.address, first.family)
    })
  }
}

function refused(host: string, fault: string): OutboundRefused {
  return new OutboundRefused(`${host} ${fault}`)
}
