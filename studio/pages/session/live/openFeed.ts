import type { EventType, SessionEvent } from '@shared/domain/events'
import { type SessionView, applyEvent } from '@shared/domain/foldSession'
import type { Comment, ScoreChange } from '../../../api/objects.ts'
import { queryString } from '../../../api/request.ts'

/** Each type of event is named in the stream, so each must be listened for; a missing one does not compile. */
const TYPES: Record<EventType, true> = {
  'session.created': true,
  'session.updated': true,
  'run.queued': true,
  'run.started': true,
  'run.attempt': true,
  'run.retrying': true,
  'run.paused': true,
  'run.resumed': true,
  'run.completed': true,
  'run.failed': true,
  'run.cancelled': true,
  'item.created': true,
  'item.delta': true,
  'item.completed': true,
  'items.hidden': true,
  'state.updated': true,
  'feedback.created': true,
  custom: true,
  snapshot: true,
}

/** Where a reader stands: in the session's log, and in its discussion. */
export interface Place {
  after: number
  discussion: number
}

export interface FeedListener {
  onView: (view: SessionView) => void
  onDiscussion: (change: { comment: Comment } | { score: ScoreChange }) => void
  onFeedback: () => void
  /** `lost`: the browser tries again by itself; `deleted`: there is nothing more to read. */
  onState: (state: 'live' | 'lost' | 'deleted' | 'refused') => void
}

/**
 * A session's events after a place, folded into the view; told of once a frame, however many have come. Gives back what
 * ends it.
 */
export function openFeed(
  sessionId: string,
  from: SessionView,
  place: Place,
  organizationId: string | null,
  listener: FeedListener,
): () => void {
  let view = from
  let frame = 0
  const query = queryString({ after: place.after, discussion: place.discussion, organizationId })
  const source = new EventSource(`/admin/v1/sessions/${sessionId}/events${query}`)

  const tell = () => {
    frame = 0
    listener.onView(view)
  }
  const take = (message: MessageEvent<string>) => {
    const event = JSON.parse(message.data) as SessionEvent
    view = applyEvent(view, event)
    if (event.type === 'feedback.created') listener.onFeedback()
    frame ||= requestAnimationFrame(tell)
  }
  const on = (name: string, handle: (message: MessageEvent<string>) => void) =>
    source.addEventListener(name, handle as EventListener)

  for (const type of Object.keys(TYPES)) on(type, take)
  on('comment', (message) => listener.onDiscussion({ comment: JSON.parse(message.data) as Comment }))
  on('score', (message) => listener.onDiscussion({ score: JSON.parse(message.data) as ScoreChange }))
  on('cut', (message) => {
    if (!message.data.includes('deleted')) return
    source.close()
    listener.onState('deleted')
  })
  source.onopen = () => listener.onState('live')
  source.onerror = () => listener.onState(source.readyState === EventSource.CLOSED ? 'refused' : 'lost')
  return () => {
    cancelAnimationFrame(frame)
    source.close()
  }
}
