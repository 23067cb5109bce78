import { useQuery } from '@tanstack/react-query'
import type { AttemptDetail } from '../../../api/objects.ts'
import { attemptQuery } from '../../../api/sessions.ts'
import { Badge } from '../../../ui/Badge.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { ErrorView } from '../../../ui/ErrorView.tsx'
import { CodeView } from '../../../ui/JsonView.tsx'
import { SkeletonRows } from '../../../ui/Skeleton.tsx'
import { bytes } from '../../../ui/formatTime.ts'

/** What was sent to the agent app, and what it answered. */
export function AttemptDialog({ runId, attempt, onClose }: { runId: string; attempt: number; onClose: () => void }) {
  const detail = useQuery(attemptQuery(runId, attempt))
  return (
    <Dialog open onClose={onClose} title={`Attempt ${attempt}`} description={runId} className="w-[52rem]">
      {detail.isPending && <SkeletonRows count={6} label="Loading the attempt" />}
      {detail.error && (
        <ErrorView error={detail.error} what="The attempt could not be read" onRetry={() => void detail.refetch()} />
      )}
      {detail.data && (
        <>
          <Request request={detail.data.request} />
          <Response response={detail.data.response} />
        </>
      )}
    </Dialog>
  )
}

const FIDELITY = {
  exact: { tone: 'good', label: 'exact', meaning: 'Its hash is that of what was sent.' },
  changed: { tone: 'warn', label: 'changed since', meaning: 'Something that it was made of has changed since.' },
  unknown: { tone: 'neutral', label: 'not known', meaning: 'The worker was lost before it could note the hash.' },
} as const

function Request({ request }: { request: AttemptDetail['request'] }) {
  const { tone, label, meaning } = FIDELITY[request.fidelity]
  return (
    <section className="grid min-w-0 gap-2">
      <h3 className="flex flex-wrap items-center gap-2 text-sm font-medium">
        Request
        <Badge tone={tone} title={meaning}>
          {label}
        </Badge>
        {request.bytes !== undefined && <span className="text-xs text-faint">{bytes(request.bytes)}</span>}
        <code className="font-mono text-xs [overflow-wrap:anywhere] text-muted">POST {request.url}</code>
      </h3>
      {request.body === undefined ? (
        <p className="text-muted">It can’t be rebuilt any more.</p>
      ) : (
        <CodeView text={pretty(request.body)} label="Request body" />
      )}
    </section>
  )
}

function Response({ response }: { response: AttemptDetail['response'] }) {
  return (
    <section className="grid min-w-0 gap-2">
      <h3 className="flex items-center gap-2 text-sm font-medium">
        Response
        {response && (
          <>
            <Badge tone={response.status < 400 ? 'good' : 'bad'}>{response.status}</Badge>
            <span className="text-xs text-faint">{bytes(response.bytes)}</span>
            {response.truncated && <Badge tone="warn">only the beginning was kept</Badge>}
          </>
        )}
      </h3>
      {!response && <p className="text-muted">None came.</p>}
      {response &&
        (response.body === undefined ? (
          <p className="text-muted">It was forgotten after its time.</p>
        ) : (
          <CodeView text={pretty(response.body)} label="Response body" />
        ))}
    </section>
  )
}

/** JSON with its lines; anything else as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
