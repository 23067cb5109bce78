import { CircleAlert, CirclePause, CircleSlash, Clock } from 'lucide-react'
import type { Run } from '@shared/domain/objects'
import { Button } from '../../ui/Button.tsx'
import { exactTime } from '../../ui/formatTime.ts'
import { todoOfRunError } from './todoOfRunError.ts'

/** How a turn stands that has not simply ended: what happened, and what to do. */
export function RunEnd({
  run,
  retrying,
  onOpen,
}: {
  run: Run
  retrying: { nextAt: string; message: string } | undefined
  onOpen: () => void
}) {
  switch (run.status) {
    case 'failed':
      return (
        <div className="flex gap-3 rounded-lg bg-bad-soft px-3.5 py-3 text-sm">
          <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
          <div className="grid min-w-0 flex-1 gap-1">
            <p className="font-medium text-bad">
              Failed: <code className="font-mono text-xs">{run.error?.code ?? 'unknown'}</code>
            </p>
            <p className="[overflow-wrap:anywhere]">{run.error?.message ?? 'The agent gave no reason.'}</p>
            <p className="text-muted">{todoOfRunError(run.error?.code ?? '')}</p>
          </div>
          <Button size="small" onClick={onOpen}>
            Attempts
          </Button>
        </div>
      )
    case 'paused':
      return (
        <Note Icon={CirclePause}>
          Waits for an answer to {run.pause?.toolCalls.map(({ name }) => name).join(', ') || 'a call'}
          {run.pause && ` until ${exactTime(run.pause.expiresAt)}`}
        </Note>
      )
    case 'cancelled':
      return <Note Icon={CircleSlash}>Cancelled</Note>
    case 'queued':
      return (
        <Note Icon={Clock}>
          {retrying ? `Tried again at ${exactTime(retrying.nextAt)}: ${retrying.message}` : 'Waits for a worker'}
        </Note>
      )
    default:
      return (
        <p className="text-xs text-faint" role="status">
          The agent is working…
        </p>
      )
  }
}

function Note({ Icon, children }: { Icon: typeof Clock; children: React.ReactNode }) {
  return (
    <p className="flex items-start gap-2 text-sm text-muted">
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span className="[overflow-wrap:anywhere]">{children}</span>
    </p>
  )
}
