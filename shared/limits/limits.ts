import { type Requester, addressOf } from './address.ts'
import type { Counters } from './counters.ts'
import { type Places, createPlaces } from './places.ts'
import { type RateLimit, createRateLimit } from './rateLimit.ts'
import { HOLDER_KINDS, type HolderKind, type LimitSettings } from './settings.ts'

/** All limits of a process. */
export interface Limits {
  /** Null: without limit. */
  rates: Readonly<Record<HolderKind, RateLimit | null>>
  places: Places
  addressOf(request: Requester): string
}

export interface LimitsOptions {
  settings: LimitSettings
  /** Null: this process counts alone. */
  counters: Counters | null
  log: { warn(details: object, line: string): void }
}

export function createLimits({ settings, counters, log }: LimitsOptions): Limits {
  const alone = () => Promise.reject(new Error('this process counts alone'))
  const rateOf = (kind: HolderKind): RateLimit | null =>
    settings.rates[kind] === 0 ? null : createRateLimit(settings.rates[kind], counters?.of(kind) ?? alone)
  const [user, key, address] = HOLDER_KINDS.map(rateOf)
  let warned = false

  /** Behind a proxy that nobody has told us of, all the world has one address, and is soon refused together. */
  function warnOfProxies({ headers }: Requester): void {
    if (warned || settings.trustedProxies > 0 || headers['x-forwarded-for'] === undefined) return
    warned = true
    log.warn({}, 'X-Forwarded-For is ignored: if a proxy of yours writes it, set AGENTVIEW_TRUSTED_PROXIES')
  }

  return {
    rates: { user: user ?? null, key: key ?? null, address: address ?? null },
    places: createPlaces(settings.connections),
    addressOf(request) {
      warnOfProxies(request)
      return addressOf(request, settings.trustedProxies)
    },
  }
}
