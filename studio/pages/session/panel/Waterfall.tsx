import { useEffect, useState } from 'react'
import type { Attempt } from '@shared/domain/objects'
import { duration } from '../../../ui/formatTime.ts'
import { spansOf } from '../waterfall.ts'

const COLOURS: Record<string, string> = {
  Accepted: 'bg-line-strong',
  Queued: 'bg-warn',
  Called: 'bg-info',
  Thinking: 'bg-accent',
  Answering: 'bg-good',
}

/** Where an attempt's time went, one bar a span. */
export function Waterfall({ attempt }: { attempt: Attempt }) {
  const now = useNow(attempt.timing.endedAt === undefined)
  const spans = spansOf(attempt, now)
  const total = Math.max(1, spans.at(-1)?.to ?? 1)
  return (
    <table className="w-full text-xs" aria-label={`Times of attempt ${attempt.attempt}`}>
      <tbody>
        {spans.map(({ label, meaning, from, to }) => (
          <tr key={label} title={`${label}: ${meaning}`}>
            <th scope="row" className="w-20 py-0.5 text-left font-normal text-faint">
              {label}
            </th>
            <td className="py-0.5">
              <div className="relative h-2 rounded-sm bg-hover">
                <div
                  className={`absolute inset-y-0 min-w-0.5 rounded-sm ${COLOURS[label]}`}
                  style={{ left: `${(from / total) * 100}%`, width: `${((to - from) / total) * 100}%` }}
                />
              </div>
            </td>
            <td className="w-16 py-0.5 text-right text-muted">{duration(to - from)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" className="pt-1 text-left font-medium">
            Total
          </th>
          <td />
          <td className="pt-1 text-right font-medium">{duration(total)}</td>
        </tr>
      </tfoot>
    </table>
  )
}

/** The time, moving while something runs. */
function useNow(moving: boolean): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!moving) return
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [moving])
  return now
}
