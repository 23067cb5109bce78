import { useEffect, useRef } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { Comment, SessionDetail } from '../../api/objects.ts'
import { setMark, showMark } from '../../api/sessions.ts'

/** How long after the last news it is noted that they were seen: a stream of words is one note. */
const CALM_MS = 1_000

/** Notes how far the member has seen the session, while the page is in sight. */
export function useSeen(
  { session, lastChange, mark }: SessionDetail,
  seq: number,
  comments: Comment[] | undefined,
): void {
  const client = useQueryClient()
  const noted = useRef({ seq: mark.seenSeq, change: mark.seenChange })
  const change = comments?.reduce((last, comment) => Math.max(last, comment.change), lastChange) ?? lastChange
  useEffect(() => {
    if (seq <= noted.current.seq && change <= noted.current.change) return
    const note = () => {
      if (document.visibilityState !== 'visible') return
      noted.current = { seq, change }
      setMark(session.id, { seenSeq: seq, seenChange: change }).then(
        (next) => {
          showMark(client, session.id, next)
          void client.invalidateQueries({ queryKey: ['inbox', 'count'] })
        },
        // It is noted with the next news, or the next visit.
        () => undefined,
      )
    }
    const timer = setTimeout(note, CALM_MS)
    document.addEventListener('visibilitychange', note)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', note)
    }
  }, [client, session.id, seq, change])
}
