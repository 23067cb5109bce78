import { Link, useNavigate } from '@tanstack/react-router'
import { ArrowLeft, ChevronDown, ChevronUp, Info, MessageSquare, WifiOff } from 'lucide-react'
import type { Run, Session } from '@shared/domain/objects'
import type { SessionDetail } from '../../api/objects.ts'
import { IconButton, buttonClasses } from '../../ui/Button.tsx'
import { StatusBadge } from '../../ui/StatusBadge.tsx'
import { StarButton } from '../sessions/StarButton.tsx'
import { lastView, neighboursOf } from '../sessions/lastList.ts'
import { endUserName } from '../sessions/sessionName.ts'
import { viewSearch } from '../sessions/sessionsView.ts'
import type { LiveState } from './live/useSessionView.ts'
import type { Panel } from './sessionPlace.ts'

interface Props {
  detail: SessionDetail
  session: Session
  name: string
  run: Run | undefined
  live: LiveState
  onPanel?: (panel: Panel) => void
}

/** Which session it is, how its last turn stands, and the ways to its neighbours in the list. */
export function SessionHeader({ detail, session, name, run, live, onPanel }: Props) {
  const navigate = useNavigate()
  const { previous, next } = neighboursOf(session.id)
  const go = (sessionId: string | null) => {
    if (sessionId) void navigate({ to: '/sessions/$sessionId', params: { sessionId } })
  }
  return (
    <header className="flex min-h-12 shrink-0 items-center gap-2 border-b border-line px-2 py-1.5 md:px-3">
      <Link
        to="/sessions"
        search={viewSearch(lastView())}
        aria-label="Back to the sessions"
        className={buttonClasses('quiet', 'small')}
      >
        <ArrowLeft className="size-4" />
      </Link>
      <div className="grid min-w-0">
        <h1 className="truncate text-sm font-semibold">{name}</h1>
        <p className="truncate text-xs text-faint">
          {session.agent} {session.version} · {endUserName(detail.endUser)}
        </p>
      </div>
      {run && <StatusBadge status={run.status} code={run.error?.code} />}
      <LiveNote live={live} />
      <div className="ml-auto flex shrink-0 items-center gap-0.5">
        <StarButton sessionId={session.id} starred={detail.mark.starred} />
        <IconButton
          label="Previous session"
          disabled={!previous}
          onClick={() => go(previous)}
          className="max-md:hidden"
        >
          <ChevronUp className="size-4" />
        </IconButton>
        <IconButton label="Next session" disabled={!next} onClick={() => go(next)} className="max-md:hidden">
          <ChevronDown className="size-4" />
        </IconButton>
        {onPanel && (
          <>
            <IconButton label="Comments" onClick={() => onPanel('comments')}>
              <MessageSquare className="size-4" />
            </IconButton>
            <IconButton label="Details" onClick={() => onPanel('details')}>
              <Info className="size-4" />
            </IconButton>
          </>
        )}
      </div>
    </header>
  )
}

function LiveNote({ live }: { live: LiveState }) {
  const text = { connecting: '', live: '', lost: 'Connecting again…', deleted: 'This session was deleted' }[live]
  return (
    <span role="status" className="flex items-center gap-1 text-xs text-warn">
      {text && (
        <>
          <WifiOff aria-hidden className="size-3.5" />
          {text}
        </>
      )}
    </span>
  )
}
