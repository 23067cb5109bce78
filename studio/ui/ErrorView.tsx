import { CircleAlert } from 'lucide-react'
import { describeError } from '../api/apiError.ts'
import { Button } from './Button.tsx'
import { CopyButton } from './CopyButton.tsx'

/** What happened, what to do, and the request id that finds it in the server's log. */
export function ErrorView({ error, what, onRetry }: { error: unknown; what: string; onRetry?: () => void }) {
  const { message, todo, requestId } = describeError(error)
  return (
    <div role="alert" className="mx-auto grid max-w-md justify-items-center gap-3 px-6 py-16 text-center">
      <div className="grid size-10 place-items-center rounded-full bg-bad-soft text-bad">
        <CircleAlert aria-hidden className="size-5" />
      </div>
      <h2 className="text-base font-semibold">{what}</h2>
      <p className="text-sm [overflow-wrap:anywhere] text-muted">{message}</p>
      <p className="text-sm text-muted">{todo}</p>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
      {requestId && (
        <p className="flex items-center gap-1 text-xs text-faint">
          Request <code className="font-mono">{requestId}</code>
          <CopyButton text={requestId} label="Copy the request id" />
        </p>
      )}
    </div>
  )
}
