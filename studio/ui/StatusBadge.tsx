import type { RunStatus } from '@shared/domain/objects'
import { Badge, type Tone } from './Badge.tsx'
import { classes } from './classes.ts'

const TONES: Record<RunStatus, Tone> = {
  queued: 'neutral',
  running: 'info',
  paused: 'warn',
  completed: 'good',
  failed: 'bad',
  cancelled: 'neutral',
}

const DOTS: Record<RunStatus, string> = {
  queued: 'bg-faint',
  running: 'bg-info motion-safe:animate-pulse',
  paused: 'bg-warn',
  completed: 'bg-good',
  failed: 'bg-bad',
  cancelled: 'bg-faint',
}

/** A run's status; a failed one tells its code. */
export function StatusBadge({ status, code }: { status: RunStatus; code?: string | undefined }) {
  return (
    <Badge tone={TONES[status]} {...(code && { title: code })}>
      <span aria-hidden className={classes('size-1.5 shrink-0 rounded-full', DOTS[status])} />
      <span className="truncate">{status}</span>
    </Badge>
  )
}
