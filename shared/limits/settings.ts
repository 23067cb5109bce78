/** Whom a limit is of: an end user, a key of the customer's server, or an address from which somebody asks. */
export const HOLDER_KINDS = ['user', 'key', 'address'] as const
export type HolderKind = (typeof HOLDER_KINDS)[number]

/** One who has limits. */
export interface Holder {
  kind: HolderKind
  id: string
}

export interface LimitSettings {
  /** Requests a minute; 0: without limit. */
  rates: Readonly<Record<HolderKind, number>>
  /** Streams and sockets at once in one process; 0: without limit. */
  connections: Readonly<Record<HolderKind, number>>
  /** How many proxies of ours each request comes through. */
  trustedProxies: number
}

const NONE = { user: 0, key: 0, address: 0 }

export const NO_LIMITS: LimitSettings = { rates: NONE, connections: NONE, trustedProxies: 0 }
