import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import { AgentViewError } from '@shared/domain/errors'
import { remember } from '@shared/domain/remember'
import { tunables } from '@shared/domain/tunables'
import { mayCallFrom } from '@shared/intake/origins'
import { listOriginSettings } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'

const ALLOWED_HEADERS = 'Authorization, Content-Type, Idempotency-Key, Prefer, Last-Event-ID, AgentView-Key'
const EXPOSED_HEADERS =
  'X-Request-Id, Idempotent-Replayed, Preference-Applied, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset'

/**
 * Marks answers for pages that any organization lists; whether the caller's own organization lists the page is decided
 * once the caller is known. A page that nobody lists gets 403 before anything is read.
 */
export type MarkForPage = (origin: string, request: IncomingMessage, response: ServerResponse) => Promise<void>

/** `publicUrl`: where browsers reach us; pages of ours may always call, also behind a proxy that says another host. */
export function markForPages(db: Database, publicUrl: string): MarkForPage {
  const own = new URL(publicUrl).origin
  const settingsOfAll = remember(1, tunables.credentialCache, () => listOriginSettings(db))
  return async (origin, request, response) => {
    response.setHeader('Vary', 'Origin')
    const { host } = request.headers
    const listed = async () => (await settingsOfAll('all')).some((settings) => mayCallFrom(settings, origin, host))
    if (origin !== own && !(await listed())) {
      throw new AgentViewError(
        'origin_not_allowed',
        `Pages of ${origin.slice(0, 200)} may not call this API: no organization lists this origin.`,
      )
    }
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS)
  }
}

/** Marks the answers, and answers preflights. */
export function cors(mark: MarkForPage): RequestHandler {
  return async (request, response, next) => {
    const { origin } = request.headers
    if (origin === undefined) return next()
    await mark(origin, request, response)
    if (request.method !== 'OPTIONS') return next()
    response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PATCH, DELETE')
    response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS)
    response.setHeader('Access-Control-Max-Age', '600')
    response.status(204).end()
  }
}
