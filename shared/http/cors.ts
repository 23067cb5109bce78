import type { RequestHandler } from 'express'
import { AgentViewError } from '@shared/domain/errors'
import { remember } from '@shared/domain/remember'
import { tunables } from '@shared/domain/tunables'
import { mayCallFrom } from '@shared/intake/origins'
import { listOriginSettings } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'

const ALLOWED_HEADERS = 'Authorization, Content-Type, Idempotency-Key, Prefer, Last-Event-ID, AgentView-Key'
const EXPOSED_HEADERS = 'X-Request-Id, Idempotent-Replayed, Preference-Applied, Location, Retry-After'

/**
 * Answers preflights and marks answers for pages that any organization lists; whether the caller's own organization
 * lists the page is decided once the caller is known. A page that nobody lists gets 403 before anything is read.
 */
export function cors(db: Database): RequestHandler {
  const settingsOfAll = remember(1, tunables.credentialCache, () => listOriginSettings(db))
  return async (request, response, next) => {
    const origin = request.get('Origin')
    if (origin === undefined) return next()
    response.vary('Origin')
    const listed = (await settingsOfAll('all')).some((settings) => mayCallFrom(settings, origin, request.get('Host')))
    if (!listed) {
      throw new AgentViewError(
        'origin_not_allowed',
        `Pages of ${origin.slice(0, 200)} may not call this API: no organization lists this origin.`,
      )
    }
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS)
    if (request.method !== 'OPTIONS') return next()
    response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PATCH, DELETE')
    response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS)
    response.setHeader('Access-Control-Max-Age', '600')
    response.status(204).end()
  }
}
