import { type JsonObject, type TokenGrant, isObject } from '@agentview/contracts'
import { ClientError } from '../clientError.ts'
import type { Exclusively } from '../storage/exclusively.ts'
import type { Stored } from '../storage/stored.ts'
import { timing } from '../timing.ts'
import { type Credentials, unauthorized, wantsOtherToken } from './credentials.ts'

/** What is kept of an anonymous visitor; `renewAt` in ms of this device's clock. */
export interface KeptGrant {
  token: string
  refreshToken: string
  endUserId: string
  renewAt: number
}

export interface VisitorParts {
  /** `POST` with the publishable key. Throws ClientError. */
  ask(path: '/v1/auth/anonymous' | '/v1/auth/refresh', body: JsonObject): Promise<TokenGrant>
  grant: Stored<KeptGrant>
  /** One piece of work at a time over all tabs of the page. */
  exclusively: Exclusively
  metadata?: JsonObject
  /** The visitor is somebody else than before: what the one before had is out of reach. */
  changed(endUserId: string): void
  now?: () => number
}

/**
 * An anonymous visitor: a short-lived token, and a refresh token that brings the same person back.
 *
 *   token() → still good: it · else renew(): refresh → refused: somebody new
 *
 * A refresh token that is used twice revokes its whole family, so only one tab at a time may refresh, and each looks
 * first whether another one did it already.
 */
export class Visitor implements Credentials {
  readonly key = null
  readonly #parts: VisitorParts
  readonly #now: () => number
  #renewing: Promise<string> | null = null
  #endUserId: string | null = null

  constructor(parts: VisitorParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  async token(): Promise<string> {
    const kept = await this.#parts.grant.read()
    if (!kept || this.#now() >= kept.renewAt) return this.renew(kept?.token ?? '')
    this.#note(kept)
    return kept.token
  }

  renew(spent: string): Promise<string> {
    this.#renewing ??= this.#parts
      .exclusively(() => this.#next(spent))
      .finally(() => {
        this.#renewing = null
      })
    return this.#renewing
  }

  async #next(spent: string): Promise<string> {
    const kept = await this.#parts.grant.read()
    if (kept && kept.token !== spent) {
      this.#note(kept)
      return kept.token
    }
    return (kept && (await this.#refresh(kept.refreshToken))) ?? this.#begin()
  }

  /** Null when the refresh token does not count any more. */
  async #refresh(refreshToken: string): Promise<string | null> {
    try {
      return await this.#keep(await this.#parts.ask('/v1/auth/refresh', { refreshToken }))
    } catch (error) {
      if (error instanceof ClientError && wantsOtherToken(error)) return null
      throw error
    }
  }

  async #begin(): Promise<string> {
    const { metadata } = this.#parts
    try {
      return await this.#keep(await this.#parts.ask('/v1/auth/anonymous', metadata ? { metadata } : {}))
    } catch (error) {
      if (error instanceof ClientError && wantsOtherToken(error))
        throw unauthorized('The publishable key is not accepted: look whether it is the right one.')
      throw error
    }
  }

  async #keep({ token, refreshToken, expiresAt, endUser }: TokenGrant): Promise<string> {
    const life = Date.parse(expiresAt) - this.#now()
    const renewAt = this.#now() + Math.max(timing.renewAfterPart * (life || 0), timing.renewSoonest)
    const kept = { token, refreshToken, endUserId: endUser.id, renewAt }
    await this.#parts.grant.write(kept)
    this.#note(kept)
    return token
  }

  #note({ endUserId }: KeptGrant): void {
    const before = this.#endUserId
    this.#endUserId = endUserId
    if (before !== null && before !== endUserId) this.#parts.changed(endUserId)
  }
}

/** True for a kept grant, as `stored` asks. */
export function isKeptGrant(value: unknown): value is KeptGrant {
  if (!isObject(value) || typeof value.renewAt !== 'number') return false
  return ['token', 'refreshToken', 'endUserId'].every((key) => typeof value[key] === 'string')
}
