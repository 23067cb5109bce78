import { useEffect, useState } from 'react'
import { type TurnStatus as Status, adviceFor } from '../core/conversation.ts'
import type { ToolCall } from '@shared/domain/objects'
import { JsonText } from './JsonBlock.tsx'
import { WarningIcon } from './icons.tsx'

interface Props {
  status: Status
  runId: string
  title: string
  isLast: boolean
  onSend(text: string): void
}

/** How a turn stands when that isn't plain from its entries. */
export function TurnStatus({ status, runId, title, isLast, onSend }: Props) {
  switch (status.kind) {
    case 'working':
      return <Dots label={`${title} is working`} />
    case 'waiting':
      return <Dots label="Waiting for a free worker" hint="Waiting its turn…" />
    case 'behind':
      return <p className="muted">Queued: comes after the answer above.</p>
    case 'paused':
      return <Paused calls={status.calls} />
    case 'cancelled':
      return <p className="muted">Stopped.</p>
    case 'retrying':
      return <Retrying nextAt={status.nextAt} message={status.message} />
    case 'failed':
      return <Failed status={status} runId={runId} isLast={isLast} onSend={onSend} />
  }
}

/** This page has no tools of its own: whoever has them, or may decide, answers by the API. */
function Paused({ calls }: { calls: ToolCall[] }) {
  return (
    <div className="notice" data-tone="warning">
      <span className="spinner" aria-hidden="true" />
      <div>
        <p>
          <strong>Paused.</strong> It goes on once somebody has answered {calls.map(({ name }) => name).join(', ')}.
        </p>
        {calls.map((call) => (
          <JsonText key={call.callId} label={call.name} value={call.arguments} />
        ))}
        <p className="muted">Stop gives it up.</p>
      </div>
    </div>
  )
}

/** The hint appears only after a while: most waits are over before anybody could read it. */
function Dots({ label, hint }: { label: string; hint?: string }) {
  return (
    <p className="working">
      <span className="dots" role="img" aria-label={label}>
        <span />
        <span />
        <span />
      </span>
      {hint && <span className="late-hint">{hint}</span>}
    </p>
  )
}

function Retrying({ nextAt, message }: { nextAt: string; message: string }) {
  const seconds = useSecondsUntil(nextAt)
  return (
    <div className="notice" data-tone="warning">
      <span className="spinner" aria-hidden="true" />
      <div>
        <p>{seconds > 0 ? `Trying again in ${seconds} s…` : 'Trying again…'}</p>
        <p className="muted">{message}</p>
      </div>
    </div>
  )
}

function useSecondsUntil(time: string): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [])
  return Math.ceil((Date.parse(time) - now) / 1_000) || 0
}

type FailedProps = Omit<Props, 'status' | 'title'> & { status: Status & { kind: 'failed' } }

function Failed({ status, runId, isLast, onSend }: FailedProps) {
  const { error, again } = status
  return (
    <div className="notice" data-tone="error">
      <WarningIcon />
      <div>
        <p>
          <strong>This went wrong.</strong> {error.message}
        </p>
        <p>{adviceFor(error)}</p>
        {isLast && again !== null && (
          <button type="button" className="button" onClick={() => onSend(again)}>
            Send again
          </button>
        )}
        <p className="fine-print">
          {error.code} · {runId}
        </p>
      </div>
    </div>
  )
}
