import { useEffect, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { SessionView } from '@shared/domain/foldSession'
import type { SessionDetail } from '../../../api/objects.ts'
import { currentOrganization } from '../../../api/request.ts'
import { readSession } from '../../../api/sessions.ts'
import { ApiError } from '../../../api/apiError.ts'
import { discussionKeys, takeComment } from '../../../api/discussion.ts'
import { openFeed } from './openFeed.ts'

export type LiveState = 'connecting' | 'live' | 'lost' | 'deleted'

/** How a session is now: what was read of it, and every event since. */
export function useSessionView(read: SessionDetail): { view: SessionView; live: LiveState } {
  const client = useQueryClient()
  // The session as it was first read: from there on the stream tells.
  const [detail] = useState(read)
  const [state, setState] = useState(() => ({ view: viewOf(detail), live: 'connecting' as LiveState }))
  const sessionId = detail.session.id

  useEffect(() => {
    let latest = viewOf(detail)
    let retry: ReturnType<typeof setTimeout> | undefined
    let close = () => {}
    const open = () => {
      const place = { after: latest.seq, discussion: detail.lastChange }
      close = openFeed(sessionId, latest, place, currentOrganization(), {
        onView: (view) => {
          latest = view
          setState((before) => ({ ...before, view }))
        },
        onDiscussion: (change) => {
          if ('comment' in change) takeComment(client, change.comment)
          else void client.invalidateQueries({ queryKey: discussionKeys.scores(sessionId) })
        },
        onFeedback: () => void client.invalidateQueries({ queryKey: discussionKeys.scores(sessionId) }),
        onState: (live) => {
          if (live !== 'refused') return setState((before) => ({ ...before, live }))
          setState((before) => ({ ...before, live: 'lost' }))
          void reopen()
        },
      })
    }
    // A stream is refused without a reason: reading the session tells, and lets the person log in again.
    const reopen = async () => {
      const reason: unknown = await readSession(sessionId).then(
        () => null,
        (error: unknown) => error,
      )
      if (ended) return
      if (reason instanceof ApiError && reason.status === 404) setState((before) => ({ ...before, live: 'deleted' }))
      else retry = setTimeout(open, reason === null ? 500 : 5_000)
    }
    let ended = false
    open()
    return () => {
      ended = true
      clearTimeout(retry)
      close()
    }
  }, [client, sessionId, detail])

  return state
}

function viewOf({ session, items, runs }: SessionDetail): SessionView {
  return { seq: session.lastSeq, session, state: session.state, items, runs, retrying: {} }
}
