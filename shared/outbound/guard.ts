import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { tunables } from '@shared/domain/tunables'

/**
 * Where this installation may call out to: agent apps, webhook receivers, key sets. Names and addresses come from
 * tenants, so by default nothing but the public internet is reached: not this machine, not the network around it.
 *
 *   urlFault       when a URL is saved: what can be said without asking anybody
 *   keySetFault    the same of where keys stand, which nobody on the way may exchange
 *   addressFault   when a connection is made (guardedConnector.ts): of the very address that is connected to
 */
export interface OutboundGuard {
  /** What is wrong with a URL, as the end of a sentence that begins with it, or null. */
  urlFault(text: string): string | null
  /** As `urlFault`, of a URL at which keys stand that tokens are verified by: over http only from this machine. */
  keySetFault(text: string): string | null
  /** Why no connection may be made to this IP address, or null. */
  addressFault(address: string): string | null
  /** Somebody has named this host in the allow-list: whatever it resolves to is reached. */
  namesHost(host: string): boolean
}

/** How the fault of an address ends: what an operator can do about it. */
const REMEDY = 'AGENTVIEW_ALLOW_HOSTS can allow it'

/** All that is handed out for the public internet (RFC 4291, IANA); of the rest nothing is reached by default. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

interface Allowed {
  names: ReadonlySet<string>
  ranges: readonly Range[]
}

/**
 * A guard that opens what `allow` lists: IP addresses, ranges such as `10.0.0.0/8`, and host names. Throws an Error that
 * names the entry which is none of these.
 */
export function createOutboundGuard(allow: readonly string[]): OutboundGuard {
  const allowed = parseAllowed(allow)
  const namesHost = (host: string) => allowed.names.has(withoutDot(host))

  function addressFault(address: string): string | null {
    if (!ipaddr.isValid(address)) return 'leads to what is no IP address'
    const parsed = ipaddr.parse(address)
    if (allowed.ranges.some((range) => isWithin(parsed, range))) return null
    const kind = kindOf(parsed)
    return kind === null ? null : `leads to ${kind} (${address}): ${REMEDY}`
  }

  function urlFault(text: string): string | null {
    const fault = formFault(text)
    if (fault !== null) return fault
    const url = new URL(text)
    const host = hostOf(url)
    if (namesHost(host)) return null
    if (isIP(host) === 0) return isLocalName(host) ? addressFault('127.0.0.1') && localFault(host) : null
    // Parsers of URLs read 2130706433, 0x7f.1 and 017700000001 as addresses, and others may read them otherwise.
    if (isIP(host) === 4 && !text.toLowerCase().startsWith(`${url.protocol}//${host}`))
      return 'writes its IP address in an unusual form'
    return addressFault(host)
  }

  return {
    addressFault,
    namesHost,
    urlFault,
    keySetFault(text) {
      const fault = urlFault(text)
      if (fault !== null) return fault
      const url = new URL(text)
      return url.protocol === 'https:' || isThisMachine(hostOf(url)) ? null : 'must begin with https://'
    },
  }
}

/** A URL's host as connections are made to it: IPv6 without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function formFault(text: string): string | null {
  if (text.length > tunables.webhooks.urlChars) return `is longer than ${tunables.webhooks.urlChars} characters`
  // The parser of URLs would silently take some of these out.
  if (!/^[\x21-\x7e]+$/.test(text)) return 'has characters that must be percent-encoded'
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'is not an http or https URL'
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  return null
}

function localFault(host: string): string {
  return `leads to this machine (${host}): ${REMEDY}`
}

/** Names that are this machine without any look-up (RFC 6761). */
function isLocalName(host: string): boolean {
  return /(^|\.)localhost\.?$/.test(host)
}

/** By its own name or address, so that what is sent to it never leaves it. */
function isThisMachine(host: string): boolean {
  return isIP(host) === 0 ? isLocalName(host) : ipaddr.parse(host).range() === 'loopback'
}

function withoutDot(host: string): string {
  return host.toLowerCase().replace(/\.$/, '')
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match([base, bits])
}

const KINDS: Readonly<Record<string, string>> = {
  loopback: 'this machine',
  unspecified: 'this machine',
  linkLocal: 'a link-local address',
  private: 'a private network',
  uniqueLocal: 'a private network',
  carrierGradeNat: 'a carrier’s private network',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
  ipv4Mapped: 'an IPv4 address within IPv6',
  rfc6145: 'an IPv4 address within IPv6',
  rfc6052: 'an IPv4 address within IPv6',
  '6to4': 'an IPv4 address within IPv6',
  teredo: 'an IPv4 address within IPv6',
}

/** What an address is that is not on the public internet; null: it is. */
function kindOf(address: ipaddr.IPv4 | ipaddr.IPv6): string | null {
  const range = address.range()
  if (range !== 'unicast') return KINDS[range] ?? 'a reserved address'
  // ::a.b.c.d, fec0::/10 and the like stand in no table of ranges.
  if (address.kind() === 'ipv6' && !isWithin(address, GLOBAL_UNICAST)) return 'a reserved address'
  return null
}

function parseAllowed(allow: readonly string[]): Allowed {
  const names = new Set<string>()
  const ranges: Range[] = []
  for (const entry of allow) {
    if (ipaddr.isValidCIDR(entry)) ranges.push(ipaddr.parseCIDR(entry))
    else if (isIP(entry) !== 0) ranges.push([ipaddr.parse(entry), isIP(entry) === 4 ? 32 : 128])
    else if (isHostName(entry)) names.add(withoutDot(entry))
    else throw new Error(`"${entry}" is no IP address, range such as 10.0.0.0/8, or host name`)
  }
  return { names, ranges }
}

/** Also not a number with dots in it, which would be an address with a mistake. */
function isHostName(text: string): boolean {
  return /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(text) && !/^[\d.]+$/.test(text) && !/^0x/i.test(text)
}
