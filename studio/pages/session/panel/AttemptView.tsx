import { useState } from 'react'
import { FileJson } from 'lucide-react'
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
        <p className="text-xs font-medium whitespace-nowrap">Attempt {attempt.attempt}</p>
        <Badge tone={TONES[attempt.outcome]}>{attempt.outcome}</Badge>
        {attempt.response && <span className="text-xs text-faint">HTTP {attempt.response.status}</span>}
      </header>
      {attempt.error && (
        <p className="text-xs [overflow-wrap:anywhere] text-bad">
          <code className="font-mono">{attempt.error.code}</code>: {attempt.error.message}
        </p>
      )}
      <Waterfall attempt={attempt} />
      <Button
        size="small"
        look="quiet"
        className="-mx-1.5 -mb-1 w-fit"
        icon={<FileJson className="size-3.5" />}
        onClick={() => setOpen(true)}
      >
        Request and response
      </Button>
      {open && <AttemptDialog runId={runId} attempt={attempt.attempt} onClose={() => setOpen(false)} />}
    </section>
  )
}
