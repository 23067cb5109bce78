import { useEffect, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { SessionView } from '@shared/domain/foldSession'
import type { SessionDetail } from '../../../api/objects.ts'
import { currentOrganization } from '../../../api/request.ts'
import { discussionKeys, takeComment } from '../../../api/discussion.ts'
import { meQuery } from '../../../api/me.ts'
import { openFeed } from './openFeed.ts'

export type LiveState = 'connecting' | 'live' | 'lost' | 'deleted'

/** How a session is now: what was read of it, and every event since. */
export function useSessionView(detail: SessionDetail): { view: SessionView; live: LiveState } {
  const client = useQueryClient()
  const [state, setState] = useState(() => ({ view: viewOf(detail), live: 'connecting' as LiveState }))
  const sessionId = detail.session.id

  useEffect(() => {
    let latest = viewOf(detail)
    setState({ view: latest, live: 'connecting' })
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
          // The login may have ended: asking who we are tells, and lets the person log in again.
          void client.invalidateQueries({ queryKey: meQuery.queryKey })
          retry = setTimeout(open, 5_000)
        },
      })
    }
    open()
    return () => {
      clearTimeout(retry)
      close()
    }
  }, [client, sessionId, detail])

  return state.view.session?.id === sessionId ? state : { view: viewOf(detail), live: 'connecting' }
}

function viewOf({ session, items, runs }: SessionDetail): SessionView {
  return { seq: session.lastSeq, session, state: session.state, items, runs, retrying: {} }
}
