import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ApiError } from '../../api/apiError.ts'
import { sessionQuery } from '../../api/sessions.ts'
import { buttonClasses } from '../../ui/Button.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { SessionScreen } from './SessionScreen.tsx'

/** A session: read once, then live. */
export function SessionPage() {
  const { sessionId } = useParams({ from: '/sessions/$sessionId' })
  // What comes later comes over the stream; only a session that was left is read anew.
  const detail = useQuery({ ...sessionQuery(sessionId), staleTime: Infinity, gcTime: 0, refetchOnWindowFocus: false })
  if (detail.error) {
    const isGone = detail.error instanceof ApiError && detail.error.status === 404
    return (
      <div>
        <ErrorView
          error={detail.error}
          what={isGone ? 'There is no such session' : 'The session could not be read'}
          {...(!isGone && { onRetry: () => void detail.refetch() })}
        />
        <p className="text-center">
          <Link to="/sessions" className={buttonClasses('plain')}>
            To the sessions
          </Link>
        </p>
      </div>
    )
  }
  if (!detail.data) return <SkeletonRows count={10} label="Loading the session" />
  return <SessionScreen key={sessionId} detail={detail.data} />
}
