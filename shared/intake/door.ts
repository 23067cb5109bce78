import { AgentViewError } from '@shared/domain/errors'
import { Recent } from '@shared/domain/recent'
import { tunables } from '@shared/domain/tunables'
import type { Requester } from '@shared/limits/address'
import type { Limits } from '@shared/limits/limits'
import type { Allowance } from '@shared/limits/rateLimit'
import type { Holder } from '@shared/limits/settings'
import type { Authenticator } from './authenticate.ts'
import type { Caller } from './caller.ts'

/** Who comes in, and how much of it: what HTTP and sockets ask before anything else. */
export interface Door {
  /**
   * Who sends these credentials. Failures count against the address that they come from; when its limit is spent,
   * credentials that were not found good before are refused unseen. Throws AgentViewError.
   */
  authenticate(request: Requester, credential: string | null, publishableKey: string | null): Promise<Caller>
  checkOrigin: Authenticator['checkOrigin']
  /** Counts a request against its caller's limit; null: he has none. */
  spend(caller: Caller, request: Requester, points: number): Allowance | null
  /** Takes a place for a stream or socket; returns what gives it back. Throws AgentViewError `too_many_connections`. */
  stay(caller: Caller, request: Requester): () => void
}

/** Credentials that are remembered as good. */
const REMEMBERED = 10_000

export function openDoor(authenticator: Authenticator, { rates, places, addressOf }: Limits): Door {
  const good = new Recent<true>(REMEMBERED)

  /** A publishable key is everybody's: those who use it are told apart by their addresses. */
  function holderOf(caller: Caller, request: Requester): Holder {
    if (caller.kind === 'endUser') return { kind: 'user', id: caller.endUserId }
    if (caller.kind === 'publishable') return { kind: 'address', id: addressOf(request) }
    return { kind: 'key', id: caller.kind === 'run' ? caller.runId : caller.keyId }
  }

  return {
    async authenticate(request, credential, publishableKey) {
      const failures = rates.address
      if (!failures) return authenticator.authenticate(credential, publishableKey)
      const named = `${publishableKey} ${credential}`
      const known = good.get(named) ?? false
      if (!known) {
        const { refused, reset } = failures.look(addressOf(request))
        if (refused) throw rateLimited('Too many requests from your address', reset)
      }
      try {
        const caller = await authenticator.authenticate(credential, publishableKey)
        if (!known) good.set(named, true)
        return caller
      } catch (error) {
        good.delete(named)
        if (isRefusal(error)) failures.spend(addressOf(request), 1)
        throw error
      }
    },
    checkOrigin: (caller, origin, host) => authenticator.checkOrigin(caller, origin, host),
    spend(caller, request, points) {
      const { kind, id } = holderOf(caller, request)
      return rates[kind]?.spend(id, points) ?? null
    },
    stay(caller, request) {
      const place = places.take([holderOf(caller, request), { kind: 'address', id: addressOf(request) }])
      if ('leave' in place) return place.leave
      throw tooManyConnections(place.full)
    },
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof AgentViewError && error.status === 401
}

/** `seconds`: until asking again makes sense. */
export function rateLimited(what: string, seconds: number): AgentViewError {
  const message = `${what}: wait ${seconds} s, then go on more slowly.`
  return new AgentViewError('rate_limited', message, { extra: { retryAfter: seconds } })
}

const OF_WHOM = { user: 'This end user', key: 'This key', address: 'Your address' }

function tooManyConnections({ kind }: Holder): AgentViewError {
  return new AgentViewError(
    'too_many_connections',
    `${OF_WHOM[kind]} has too many open connections: close streams or sockets that are not needed, or read many sessions on one socket.`,
    { extra: { retryAfter: tunables.connectionsRetry / 1_000 } },
  )
}
