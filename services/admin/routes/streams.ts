import type { IncomingMessage } from 'node:http'
import { AgentViewError } from '@shared/domain/errors'
import type { RunSink } from '@shared/delivery/runFeed'
import { streamTo } from '@shared/delivery/streamTo'
import { readComments } from '@shared/store/admin/comments'
import { countUnread } from '@shared/store/admin/inbox'
import { readScoreChanges } from '@shared/store/admin/scores'
import { tunables } from '@shared/domain/tunables'
import type { AdminTools } from '../adminTools.ts'
import { rightOf } from '../caller.ts'
import { type Frame, follow } from '../follow.ts'
import type { AdminHandlers } from '../serveAdmin.ts'
import { topics } from '../topics.ts'
import { ownSession } from './sessions.ts'

/** Server-sent events for members. */
export function streamRoutes(tools: AdminTools): AdminHandlers<'streamSession' | 'streamInbox'> {
  const { db, feeds, connections } = tools
  return {
    async streamSession({ caller, params, query, request, response }) {
      const { sessionId } = params
      await ownSession(db, caller, sessionId)
      const after = cursorOf(request, query.after)
      const subscribe = (sink: RunSink) => feeds.subscribe(sessionId, after, sink)
      await streamTo(response, connections, rightOf(caller), subscribe)
      if (query.discussion !== undefined) {
        follow(response, tools, topics.discussionOf(sessionId), discussionAfter(db, sessionId, query.discussion))
      }
      return 'answered'
    },

    async streamInbox({ caller, response }) {
      await streamTo(response, connections, rightOf(caller), async (sink) => ({
        lastSeq: 0,
        close: () => undefined,
        cut: (reason) => sink.cut(reason, 0),
      }))
      follow(response, tools, topics.discussionsOf(caller.organizationId), async () => {
        const most = tunables.admin.count
        const unread = await countUnread(db, caller, most)
        return [{ event: 'inbox', data: { unread, capped: unread === most } }]
      })
      return 'answered'
    },
  }
}

const AT_ONCE = 200

/** Reads on from where it was the last time. */
function discussionAfter(db: AdminTools['db'], sessionId: string, from: number): () => Promise<Frame[]> {
  let after = from
  return async () => {
    const frames: (Frame & { change: number })[] = []
    for (;;) {
      const comments = await readComments(db, sessionId, after, AT_ONCE)
      const scores = await readScoreChanges(db, sessionId, after, AT_ONCE)
      const part = [
        ...comments.map((data) => ({ event: 'comment', data, change: data.change })),
        ...scores.map((data) => ({ event: 'score', data, change: data.change })),
      ].toSorted((a, b) => a.change - b.change)
      // Beyond what one of the two has read, the other may have more.
      const ends = [comments, scores].flatMap((read) => (read.length === AT_ONCE ? read.at(-1)!.change : []))
      const end = Math.min(...ends)
      const sure = part.filter(({ change }) => change <= end)
      frames.push(...sure)
      after = sure.at(-1)?.change ?? after
      if (ends.length === 0) return frames
    }
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
