import type { Request, Response } from 'express'
import { AgentViewError, notFound } from '@shared/domain/errors'
import { subscribeRun } from '@shared/delivery/runFeed'
import type { SessionFeeds, Subscription } from '@shared/delivery/sessionFeeds'
import type { RunSink } from '@shared/delivery/runFeed'
import { openSse } from '@shared/delivery/sseSink'
import type { Handlers, Reply } from '@shared/http/mountRoutes'
import { type Caller, scopeOf } from '@shared/intake/caller'
import type { Database } from '@shared/store/pool'
import { findRun } from '@shared/store/runs'
import { findSession } from '@shared/store/sessions'

export interface StreamTools {
  db: Database
  feeds: SessionFeeds
}

/** Server-sent events of a session and of one run. */
export function streamRoutes({ db, feeds }: StreamTools): Handlers<'streamSession' | 'streamRun'> {
  return {
    async streamSession({ caller, params, query, request, response }) {
      if (!(await findSession(db, scopeOf(caller), params.sessionId))) throw notFound('session')
      const after = cursorOf(request, query.after)
      return stream(caller, response, (sink) => feeds.subscribe(params.sessionId, after, sink))
    },
    async streamRun({ caller, params, query, request, response }) {
      const run = await findRun(db, scopeOf(caller), params.runId)
      if (!run) throw notFound('run')
      const after = cursorOf(request, query.after)
      return stream(caller, response, (sink) => subscribeRun(feeds, db, run, after, sink))
    },
  }
}

/** Answers with what a subscription sends; refusals come before the first byte. Ends with the caller's token. */
async function stream(
  caller: Caller,
  response: Response,
  subscribe: (sink: RunSink) => Promise<Subscription>,
): Promise<Reply> {
  let subscription: Subscription | null = null
  let expiry: NodeJS.Timeout | undefined
  const sse = openSse(response, () => {
    clearTimeout(expiry)
    subscription?.close()
  })
  const started = await subscribe(sse)
  subscription = started
  if (response.destroyed) started.close()
  else sse.start()
  if (caller.kind === 'endUser') {
    expiry = setTimeout(() => {
      started.close()
      sse.cut('token_expired', started.lastSeq)
    }, caller.expiresAt.getTime() - Date.now())
  }
  return 'answered'
}

/** A browser's reconnect (Last-Event-ID) knows better than the address that it was begun with. */
function cursorOf(request: Request, after: number | undefined): number {
  const last = request.get('Last-Event-ID')
  if (last === undefined || last === '') return after ?? 0
  if (!/^\d{1,15}$/.test(last)) throw new AgentViewError('invalid_cursor', 'Last-Event-ID must be a seq.')
  return Number(last)
}
