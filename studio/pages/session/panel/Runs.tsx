import { useEffect, useRef } from 'react'
import type { Run } from '@shared/domain/objects'
import { StatusBadge } from '../../../ui/StatusBadge.tsx'
import { Time } from '../../../ui/Time.tsx'
import { duration } from '../../../ui/formatTime.ts'
import { AttemptView } from './AttemptView.tsx'
import { costText } from '../usageText.ts'

/** Every turn with its attempts: where the time went, what it cost, what was sent and answered. */
export function Runs({ runs, open }: { runs: readonly Run[]; open: string | null }) {
  if (runs.length === 0) return <p className="p-4 text-muted">Nothing was said yet.</p>
  return (
    <ol className="grid">
      {runs.toReversed().map((run, index) => (
        <RunView
          key={run.id}
          run={run}
          isOpen={open === null ? index === 0 : open === run.id}
          wanted={open === run.id}
        />
      ))}
    </ol>
  )
}

function RunView({ run, isOpen, wanted }: { run: Run; isOpen: boolean; wanted: boolean }) {
  const element = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    if (!wanted || !element.current) return
    element.current.open = true
    element.current.scrollIntoView({ block: 'nearest' })
  }, [wanted])
  const took = run.endedAt && duration(Date.parse(run.endedAt) - Date.parse(run.createdAt))
  return (
    <li className="border-b border-line">
      <details ref={element} open={isOpen}>
        <summary className="flex min-h-10 list-none items-center gap-2 px-4 hover:bg-hover [&::-webkit-details-marker]:hidden">
          <span className="font-medium">Turn {run.runNo}</span>
          <StatusBadge status={run.status} code={run.error?.code} />
          <span className="flex-1" />
          <span className="text-xs text-faint">{took}</span>
          <Time at={run.createdAt} className="text-xs text-faint" />
        </summary>
        <div className="grid gap-4 px-4 pt-1 pb-4">
          <Facts run={run} />
          {run.attempts.map((attempt) => (
            <AttemptView key={attempt.attempt} runId={run.id} attempt={attempt} />
          ))}
          {run.attempts.length === 0 && <p className="text-muted">No worker has taken it yet.</p>}
        </div>
      </details>
    </li>
  )
}

function Facts({ run }: { run: Run }) {
  const { usage } = run
  const facts: [string, string][] = [
    ['Type', run.type],
    ['Version', run.version],
  ]
  if (usage?.model) facts.push(['Model', usage.model])
  if (usage?.inputTokens !== undefined) facts.push(['Input', `${usage.inputTokens.toLocaleString('en')} tokens`])
  if (usage?.outputTokens !== undefined) facts.push(['Output', `${usage.outputTokens.toLocaleString('en')} tokens`])
  if (usage?.costUsd !== undefined) facts.push(['Cost', costText(usage.costUsd)])
  if (run.retryOf) facts.push(['Retry of', run.retryOf])
  return (
    <dl className="grid grid-cols-[4.5rem_1fr] gap-x-3 gap-y-1 text-xs">
      {facts.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="text-faint">{label}</dt>
          <dd className="[overflow-wrap:anywhere]">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
