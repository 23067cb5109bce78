import {
  EMPTY_VIEW,
  type Item,
  type Page,
  type PageRequest,
  type Session,
  type SessionChange,
  type SessionFilter,
  type SessionRequest,
  type SessionView,
} from '@agentview/contracts'
import { ClientError } from '../clientError.ts'
import type { Api } from '../http/api.ts'
import { readItems, readNothing, readSession, readSessions } from '../http/answers.ts'
import { newKey } from '../platform.ts'
import type { CallOptions } from '../options.ts'
import { OLDER_PAGE } from '../timing.ts'

/** Which sessions to list; `metadata` keeps those that have these values. */
export interface SessionQuery extends SessionFilter, PageRequest {
  metadata?: Readonly<Record<string, string>>
}

/** Sessions as the API has them; what is open in the client is another part's business. */
export class Sessions {
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  list({ metadata = {}, ...query }: SessionQuery, options: CallOptions): Promise<Page<Session>> {
    const filters = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`metadata.${key}`, value]))
    return this.#api.call(
      { ...options, method: 'GET', path: '/v1/sessions', query: { ...query, ...filters } },
      readSessions,
    )
  }

  create(body: SessionRequest, options: CallOptions): Promise<Session> {
    return this.#api.call(
      { ...options, method: 'POST', path: '/v1/sessions', body, idempotencyKey: newKey() },
      readSession,
    )
  }

  update(sessionId: string, body: SessionChange, options: CallOptions): Promise<Session> {
    return this.#api.call({ ...options, method: 'PATCH', path: pathOf(sessionId), body }, readSession)
  }

  /** One that is gone already is deleted as well: the answer to an earlier try may have been lost. */
  async delete(sessionId: string, options: CallOptions): Promise<void> {
    try {
      await this.#api.call({ ...options, method: 'DELETE', path: pathOf(sessionId) }, readNothing)
    } catch (error) {
      if (!(error instanceof ClientError && error.code === 'not_found')) throw error
    }
  }

  /** A session as of one instant, with its newest items and their runs; `seq` is the last event that is in it. */
  async read(sessionId: string, options: CallOptions): Promise<SessionView> {
    const call = { ...options, method: 'GET', path: pathOf(sessionId), query: { include: 'runs' } } as const
    const { items = [], runs = [], lastRun: _last, ...session } = await this.#api.call(call, readSession)
    return { ...EMPTY_VIEW, seq: session.lastSeq, session, state: session.state, items, runs }
  }

  /** Items from the newest back; those of a turn that is not settled are not among them. */
  items(sessionId: string, cursor: string | null): Promise<Page<Item>> {
    const query = { order: 'desc', limit: OLDER_PAGE, ...(cursor !== null && { cursor }) }
    return this.#api.call({ method: 'GET', path: `${pathOf(sessionId)}/items`, query }, readItems)
  }
}

function pathOf(sessionId: string): string {
  return `/v1/sessions/${encodeURIComponent(sessionId)}`
}
