import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { diffQuery, versionQuery } from '../../api/agents.ts'
import type { VersionDiff, VersionRow } from '../../api/objects.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { Field, Select } from '../../ui/Field.tsx'
import { JsonView } from '../../ui/JsonView.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'

/** A version's definition, and where it differs from another one. */
export function VersionDialog({
  agent,
  version,
  rows,
  onClose,
}: {
  agent: string
  version: string
  rows: readonly VersionRow[]
  onClose: () => void
}) {
  const at = rows.findIndex((row) => row.version === version)
  const [against, setAgainst] = useState(rows[at + 1]?.version ?? '')
  const detail = useQuery(versionQuery(agent, version))
  return (
    <Dialog open onClose={onClose} title={`${agent} ${version}`} className="w-[52rem]">
      <Field label="Compared with">
        {(control) => (
          <Select {...control} value={against} onChange={(event) => setAgainst(event.target.value)} className="w-fit">
            <option value="">nothing</option>
            {rows
              .filter((row) => row.version !== version)
              .map((row) => (
                <option key={row.id}>{row.version}</option>
              ))}
          </Select>
        )}
      </Field>
      {against !== '' && <Diff agent={agent} from={against} to={version} />}
      <section className="grid min-w-0 gap-2">
        <h3 className="text-sm font-medium">Definition</h3>
        {detail.isPending && <SkeletonRows count={6} label="Loading the definition" />}
        {detail.error && <ErrorView error={detail.error} what="The definition could not be read" />}
        {detail.data && <JsonView value={detail.data.definition} label={`Definition of ${version}`} />}
      </section>
    </Dialog>
  )
}

const TONES = { added: 'good', removed: 'bad', changed: 'warn' } as const

function Diff({ agent, from, to }: { agent: string; from: string; to: string }) {
  const diff = useQuery(diffQuery(agent, from, to))
  if (diff.error) return <ErrorView error={diff.error} what="The versions could not be compared" />
  if (!diff.data) return <SkeletonRows count={3} label="Comparing" />
  if (diff.data.changes.length === 0) return <p className="text-muted">They are alike.</p>
  return (
    <ul aria-label={`What changed from ${from} to ${to}`} className="grid min-w-0 gap-3">
      {diff.data.changes.map((change) => (
        <li key={change.path} className="grid min-w-0 gap-1">
          <p className="flex items-center gap-2">
            <Badge tone={TONES[change.kind]}>{change.kind}</Badge>
            <code className="font-mono text-xs [overflow-wrap:anywhere]">{change.path || '/'}</code>
          </p>
          <Values change={change} />
        </li>
      ))}
    </ul>
  )
}

function Values({ change }: { change: VersionDiff['changes'][number] }) {
  return (
    <div className="grid min-w-0 gap-2 md:grid-cols-2">
      {change.kind !== 'added' && <JsonView value={change.from} label={`${change.path} before`} />}
      {change.kind !== 'removed' && <JsonView value={change.to} label={`${change.path} after`} />}
    </div>
  )
}
