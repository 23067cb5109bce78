import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { uuidOf } from '@shared/domain/ids'
import { unauthorized } from './endUserTokens.ts'

/** What a run's token says: it is good for this run only while it is held under this epoch. */
export interface RunClaims {
  organizationId: string
  sessionId: string
  runId: string
  epoch: number
}

export interface RunTokens {
  issue(claims: RunClaims): string
  /** Throws AgentViewError `unauthorized`. */
  verify(token: string): RunClaims
}

export const RUN_TOKEN_PREFIX = 'av_rt_'

/**
 * Tokens by which an agent app goes on with a run by itself: the claims and an HMAC-SHA256 of them under a key derived
 * from AGENTVIEW_SECRET. They carry no time: they end with the epoch. Made for every call to an agent app, so they are
 * plain and quick.
 */
export function runTokens(agentviewSecret: string): RunTokens {
  const key = new Uint8Array(hkdfSync('sha256', agentviewSecret, '', 'agentview run tokens v1', 32))
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url')
  return {
    issue({ organizationId, sessionId, runId, epoch }) {
      const text = [organizationId, sessionId, runId, epoch].join('.')
      return `${RUN_TOKEN_PREFIX}${text}.${sign(text)}`
    },
    verify(token) {
      const parts = token.slice(RUN_TOKEN_PREFIX.length).split('.')
      const [organizationId = '', sessionId = '', runId = '', epoch = '', signature = ''] = parts
      const wanted = Buffer.from(sign([organizationId, sessionId, runId, epoch].join('.')))
      const given = Buffer.from(signature)
      if (parts.length !== 5 || given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw unauthorized()
      const sound = uuidOf('organization', organizationId) && uuidOf('session', sessionId) && uuidOf('run', runId)
      if (!sound || !/^\d{1,9}$/.test(epoch)) throw unauthorized()
      return { organizationId, sessionId, runId, epoch: Number(epoch) }
    },
  }
}
