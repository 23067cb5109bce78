import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { plainEmail } from '@shared/store/admin/users'
import { tunables } from '@shared/domain/tunables'

/** Counts tries to log in, of each address that they come from and of each account that they are for. */
export interface LoginLimiter {
  /** Takes one try of each; null, or after how many ms there is another. */
  take(address: string, email: string): Promise<{ retryAfterMs: number } | null>
  /** Somebody has logged in: what he had mistyped before no longer counts for the account. */
  forgive(email: string): Promise<void>
}

/** Counts in this process alone: N processes allow N times as many tries. */
export function createLoginLimiter(): LoginLimiter {
  const { within, triesOfAddress, triesOfAccount } = tunables.login
  const duration = within / 1_000
  const ofAddress = new RateLimiterMemory({ points: triesOfAddress, duration, keyPrefix: 'address' })
  const ofAccount = new RateLimiterMemory({ points: triesOfAccount, duration, keyPrefix: 'account' })
  return {
    async take(address, email) {
      for (const [limiter, key] of [
        [ofAddress, address],
        [ofAccount, plainEmail(email)],
      ] as const) {
        const refused = await limiter.consume(key).then(() => null, asRefusal)
        if (refused) return refused
      }
      return null
    },
    async forgive(email) {
      await ofAccount.delete(plainEmail(email))
    },
  }
}

function asRefusal(reason: unknown): { retryAfterMs: number } {
  if (reason instanceof RateLimiterRes) return { retryAfterMs: reason.msBeforeNext }
  throw reason
}
