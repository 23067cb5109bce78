import type { IncomingMessage } from 'node:http'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { type RunSink, subscribeRun } from '@shared/delivery/runFeed'
import type { Connections } from '@shared/delivery/connections'
import type { SessionFeeds } from '@shared/delivery/sessionFeeds'
import { streamTo } from '@shared/delivery/streamTo'
import type { Handlers } from '@shared/http/serveRoute'
import { rightOf, scopeOf } from '@shared/intake/caller'
import type { Database } from '@shared/store/pool'
import { findRun } from '@shared/store/runs'
import { findSession } from '@shared/store/sessions'

export interface StreamTools {
  db: Database
  feeds: SessionFeeds
  connections: Connections
}

/** Server-sent events of a session and of one run. */
export function streamRoutes({ db, feeds, connections }: StreamTools): Handlers<'streamSession' | 'streamRun'> {
  return {
    async streamSession({ caller, params, query, request, response, stay }) {
      stay()
      if (!(await findSession(db, scopeOf(caller), params.sessionId))) throw notFound('session')
      const after = cursorOf(request, query.after)
      const subscribe = (sink: RunSink) => feeds.subscribe(params.sessionId, after, sink)
      await streamTo(response, connections, rightOf(caller), subscribe)
      return 'answered'
    },
    async streamRun({ caller, params, query, request, response, stay }) {
      stay()
      const run = await findRun(db, scopeOf(caller), params.runId)
      if (!run) throw notFound('run')
      const after = cursorOf(request, query.after)
      const subscribe = (sink: RunSink) => subscribeRun(feeds, db, run, after, sink)
      await streamTo(response, connections, rightOf(caller), subscribe)
      return 'answered'
    },
  }
}

/** A browser's reconnect (Last-Event-ID) knows better than the address that it was begun with. */
function cursorOf({ headers }: IncomingMessage, after: number | undefined): number {
  const last = headers['last-event-id']
  if (last === undefined || last === '') return after ?? 0
  if (typeof last !== 'string' || !/^\d{1,15}$/.test(last))
    throw new AgentViewError('invalid_cursor', 'Last-Event-ID must be a seq.')
  return Number(last)
}
