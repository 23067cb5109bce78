import { useMemo } from 'react'
import { toTurns } from '../core/conversation.ts'
import type { ChatState } from '../core/state.ts'

/**
 * What a screen reader is told by itself: an answer once it is whole (word by word nobody could follow), and how the
 * turn stands when there is none.
 */
export function Announcer({ state, title }: { state: ChatState; title: string }) {
  const news = useMemo(() => newsOf(state, title), [state, title])
  return (
    <div className="visually-hidden" role="log" aria-live="polite" aria-label="News of the conversation">
      {news && <p key={news}>{news}</p>}
    </div>
  )
}

function newsOf({ restoring, view }: ChatState, title: string): string | null {
  const turn = restoring ? undefined : toTurns(view).at(-1)
  if (!turn) return null
  if (turn.status?.kind === 'failed') return `${title} could not answer. ${turn.status.error.message}`
  if (turn.status?.kind === 'cancelled') return 'The answer was stopped.'
  if (turn.status?.kind === 'retrying') return `${title} did not answer. Trying again.`
  const answer = turn.entries.findLast((entry) => entry.kind === 'message' && entry.role === 'assistant')
  return answer?.kind === 'message' && answer.item.status === 'complete' ? `${title}: ${answer.text}` : null
}
