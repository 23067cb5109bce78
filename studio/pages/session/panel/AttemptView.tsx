import { useState } from 'react'
import type { Attempt } from '@shared/domain/objects'
import { Badge, type Tone } from '../../../ui/Badge.tsx'
import { Button } from '../../../ui/Button.tsx'
import { AttemptDialog } from './AttemptDialog.tsx'
import { Waterfall } from './Waterfall.tsx'

const TONES: Record<Attempt['outcome'], Tone> = {
  running: 'info',
  completed: 'good',
  paused: 'warn',
  failed: 'bad',
  superseded: 'neutral',
  cancelled: 'neutral',
  lapsed: 'bad',
}

/** One call of the agent app: its outcome and its times; the exact request and response when asked for. */
export function AttemptView({ runId, attempt }: { runId: string; attempt: Attempt }) {
  const [open, setOpen] = useState(false)
  return (
    <section aria-label={`Attempt ${attempt.attempt}`} className="grid gap-2 rounded-lg border border-line p-3">
      <header className="flex items-center gap-2">
        <h3 className="text-xs font-medium">Attempt {attempt.attempt}</h3>
        <Badge tone={TONES[attempt.outcome]}>{attempt.outcome}</Badge>
        {attempt.response && <span className="text-xs text-faint">HTTP {attempt.response.status}</span>}
        <Button size="small" look="quiet" className="-my-1 -mr-1.5 ml-auto" onClick={() => setOpen(true)}>
          Request and response
        </Button>
      </header>
      {attempt.error && (
        <p className="text-xs [overflow-wrap:anywhere] text-bad">
          <code className="font-mono">{attempt.error.code}</code>: {attempt.error.message}
        </p>
      )}
      <Waterfall attempt={attempt} />
      {open && <AttemptDialog runId={runId} attempt={attempt.attempt} onClose={() => setOpen(false)} />}
    </section>
  )
}
