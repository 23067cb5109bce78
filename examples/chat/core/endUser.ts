import { isObject } from '@shared/domain/json'
import { type Fetch, Unreachable, callApi } from './http.ts'
import type { Stored } from './storage.ts'

/** What the browser keeps of an anonymous end user; `renewAt` in milliseconds of this device's clock. */
export interface Grant {
  publishableKey: string
  token: string
  refreshToken: string
  endUserId: string
  renewAt: number
}

export interface EndUserOptions {
  publishableKey: string
  fetch: Fetch
  grant: Stored<Grant>
  /** Runs one piece of work at a time over all tabs of the page. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>
  now?: () => number
}

/** The publishable key itself is refused; nothing the page can do by itself. */
export class KeyRefused extends Error {}

/**
 * The visitor's identity: a short-lived token, and a refresh token that brings the same person back.
 *
 * token() → still good: it · else renew(): refresh → refused: a new anonymous end user
 *
 * A refresh token that is used twice revokes its whole family, so only one tab at a time may refresh, and each looks
 * first whether another one did it already.
 */
export class EndUser {
  #options: EndUserOptions
  #now: () => number

  constructor(options: EndUserOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** The kept grant; null for a new visitor and for one of another organization. */
  get grant(): Grant | null {
    const grant = this.#options.grant.read()
    return grant?.publishableKey === this.#options.publishableKey ? grant : null
  }

  /** A token that is good for a while. Throws Unreachable or KeyRefused. */
  async token(): Promise<string> {
    const grant = this.grant
    return grant && this.#now() < grant.renewAt ? grant.token : (await this.renew(grant?.token)).token
  }

  /** A grant other than the one whose token was refused or is about to end. Throws Unreachable or KeyRefused. */
  renew(spentToken?: string): Promise<Grant> {
    return this.#options.exclusively(async () => {
      const kept = this.grant
      if (kept && kept.token !== spentToken) return kept
      return (kept && (await this.#ask('/v1/auth/refresh', { refreshToken: kept.refreshToken }))) ?? this.#begin()
    })
  }

  async #begin(): Promise<Grant> {
    const grant = await this.#ask('/v1/auth/anonymous', {})
    if (!grant) throw new KeyRefused('The key of this page is not accepted any more. Reload the page.')
    return grant
  }

  async #ask(path: string, body: object): Promise<Grant | null> {
    const { publishableKey, fetch } = this.#options
    const answer = await callApi(fetch, path, { bearer: publishableKey, body })
    if (!answer.ok) return null
    const grant = this.#toGrant(answer.body)
    if (!grant) throw new Unreachable('The server answered something else than a token.')
    this.#options.grant.write(grant)
    return grant
  }

  #toGrant(body: unknown): Grant | null {
    if (!isObject(body) || !isObject(body.endUser)) return null
    const { token, refreshToken, expiresAt } = body
    const endUserId = body.endUser.id
    if (typeof token !== 'string' || typeof refreshToken !== 'string' || typeof endUserId !== 'string') return null
    const lifetime = typeof expiresAt === 'string' ? Date.parse(expiresAt) - this.#now() : 0
    // Never sooner than in five seconds: a device whose clock is wrong would renew without end.
    const renewAt = this.#now() + Math.max(0.8 * (lifetime || 0), 5_000)
    return { publishableKey: this.#options.publishableKey, token, refreshToken, endUserId, renewAt }
  }
}

/** True for a kept grant, as `stored` asks. */
export function isGrant(value: unknown): value is Grant {
  if (!isObject(value) || typeof value.renewAt !== 'number') return false
  return ['publishableKey', 'token', 'refreshToken', 'endUserId'].every((key) => typeof value[key] === 'string')
}
