import type { Run } from '@shared/domain/objects'
import { StatusBadge } from '../../ui/StatusBadge.tsx'
import { Time } from '../../ui/Time.tsx'
import { duration } from '../../ui/formatTime.ts'
import { usageText } from './usageText.ts'

/** The line that a turn begins with: what ran, how long it took, what it cost. Opens its attempts. */
export function RunHeader({ run, onOpen }: { run: Run; onOpen: () => void }) {
  const facts = [
    run.type !== 'chat' && run.type,
    `v${run.version}`,
    run.attempts.length > 1 && `${run.attempts.length} attempts`,
    run.endedAt && duration(Date.parse(run.endedAt) - Date.parse(run.createdAt)),
    run.usage && usageText(run.usage),
    run.retryOf && 'a retry',
  ].filter((fact) => typeof fact === 'string' && fact !== '')
  return (
    <div className="flex items-center gap-2 pt-4 text-xs text-faint">
      <button
        type="button"
        onClick={onOpen}
        className="flex min-w-0 items-center gap-2 rounded px-1 py-0.5 hover:bg-hover hover:text-text"
        title="Attempts, times and requests of this turn"
      >
        <span className="shrink-0 font-medium text-muted">Turn {run.runNo}</span>
        <span className="truncate">{facts.join(' · ')}</span>
      </button>
      {run.status !== 'completed' && <StatusBadge status={run.status} code={run.error?.code} />}
      <span aria-hidden className="h-px min-w-4 flex-1 bg-line" />
      <Time at={run.createdAt} className="shrink-0" />
    </div>
  )
}
