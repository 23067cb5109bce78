import type { JsonObject } from '@agentview/contracts'
import { ClientError } from './clientError.ts'
import type { KeyValueStorage } from './storage/keyValueStorage.ts'
import type { ToolHandlers } from './tools/toolHandlers.ts'

/** Gives a token; called when one is needed and when the last one was refused. */
export type TokenProvider = () => string | Promise<string>

/** Names and values, or what makes them for each request anew. */
export type Pairs = Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>)

export type TransportName = 'socket' | 'sse'

export interface ClientOptions {
  /** Where AgentView is, e.g. `https://agents.example` or `/agentview` on the page's own server. */
  endpoint: string
  /** The agent of new sessions. */
  agent?: string
  /**
   * With a publishable key alone the visitor is anonymous: the client gets a token and keeps it in `storage`. Beside
   * `token` it says whose users your own tokens name.
   */
  publishableKey?: string
  /** An end user's token, or (on a server) a secret key; or what gets one, called again when it is refused. */
  token?: string | TokenProvider
  /** What is noted of a new anonymous visitor. */
  visitorMetadata?: JsonObject
  /**
   * Headers of every request. A call's own headers win over these, these win over the SDK's, but for `Authorization`,
   * `AgentView-Key`, `Content-Type` and `Idempotency-Key`, which are always the SDK's.
   */
  headers?: Pairs
  /** Query parameters of every request, for gateways on the way. A call's own win over these. */
  params?: Pairs
  /** How events come, in the order in which it is tried; `['socket', 'sse']` unless said. */
  transports?: readonly TransportName[]
  /** What outlives the page and is common to its tabs; the browser's localStorage unless said, else memory. */
  storage?: KeyValueStorage
  /** What outlives a reload of this tab; the browser's sessionStorage unless said, else memory. */
  tabStorage?: KeyValueStorage
  /** Tools of the front end, by name; see `setTools`. */
  tools?: ToolHandlers
  /** `globalThis.fetch` unless said. */
  fetch?: typeof globalThis.fetch
  /** False: nothing is read before `connect()` is called. */
  autoConnect?: boolean
}

/** Headers and query parameters of one call. */
export interface CallOptions {
  headers?: Readonly<Record<string, string>>
  params?: Readonly<Record<string, string>>
  signal?: AbortSignal
}

/** Where AgentView is: its origin, and the path before its own paths. */
export interface Address {
  origin: string
  path: string
}

/** The parts of an endpoint; one without an origin is on the page's server. Throws ClientError `invalid_use`. */
export function addressOf(endpoint: string, page: string | undefined): Address {
  const [, origin, path = ''] = /^(https?:\/\/[^/?#]+)?(\/[^?#]*)?$/i.exec(endpoint) ?? []
  const from = origin ?? page
  if ((origin === undefined && path === '' && endpoint !== '') || from === undefined)
    throw new ClientError('invalid_use', `The endpoint "${endpoint}" is no address: write https://… or, in a page, /….`)
  return { origin: from, path: path.replace(/\/+$/, '') }
}

/** The pairs as they are now. */
export function pairsOf(pairs: Pairs | undefined): Readonly<Record<string, string>> {
  return typeof pairs === 'function' ? pairs() : (pairs ?? {})
}
