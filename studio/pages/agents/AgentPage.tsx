import { useState } from 'react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { activateVersion, versionsQuery } from '../../api/agents.ts'
import { useMay } from '../../app/memberContext.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button, buttonClasses } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { TABLE, TD, TH } from '../../ui/tableClasses.ts'
import { Time } from '../../ui/Time.tsx'
import { say, sayFailed } from '../../ui/toasts.tsx'
import { VersionDialog } from './VersionDialog.tsx'

/** An agent's versions: which is active, how two differ; whoever may makes another one active. */
export function AgentPage() {
  const { name } = useParams({ from: '/agents/$name' })
  const versions = useQuery(versionsQuery(name))
  const [shown, setShown] = useState<string | null>(null)
  const [asked, setAsked] = useState<string | null>(null)
  const may = useMay('activateVersion')
  const rows = versions.data?.data ?? []
  const active = rows.find((row) => row.active)
  return (
    <>
      <PageHeader
        title={name}
        aside={
          <Link to="/agents" aria-label="Back to the agents" className={`${buttonClasses('quiet', 'small')} -order-1`}>
            <ArrowLeft className="size-4" />
          </Link>
        }
      >
        <Link to="/sessions" search={{ agent: name }} className={buttonClasses('plain', 'small')}>
          Its sessions
        </Link>
      </PageHeader>
      <div className="min-h-0 flex-1 overflow-auto">
        {versions.isPending && <SkeletonRows label="Loading versions" />}
        {versions.error && (
          <ErrorView
            error={versions.error}
            what="The versions could not be read"
            onRetry={() => void versions.refetch()}
          />
        )}
        {rows.length > 0 && (
          <table className={TABLE} aria-label={`Versions of ${name}`}>
            <thead>
              <tr>
                <th className={TH}>Version</th>
                <th className={TH}>Published</th>
                <th className={TH}>
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} className="hover:bg-hover">
                  <td className={TD}>
                    <span className="font-medium">{row.version}</span> {row.active && <Badge tone="good">active</Badge>}
                  </td>
                  <td className={TD}>
                    <Time at={row.createdAt} />
                  </td>
                  <td className={`${TD} text-right`}>
                    <Link
                      to="/sessions"
                      search={{ agent: name, version: row.version }}
                      className={buttonClasses('quiet', 'small')}
                    >
                      Sessions
                    </Link>
                    <Button size="small" look="quiet" onClick={() => setShown(row.version)}>
                      Definition
                    </Button>
                    {may && !row.active && (
                      <Button size="small" look="quiet" onClick={() => setAsked(row.version)}>
                        Activate
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      {shown && <VersionDialog agent={name} version={shown} rows={rows} onClose={() => setShown(null)} />}
      {asked && <ActivateDialog agent={name} from={active?.version} to={asked} onClose={() => setAsked(null)} />}
    </>
  )
}

function ActivateDialog({
  agent,
  from,
  to,
  onClose,
}: {
  agent: string
  from: string | undefined
  to: string
  onClose: () => void
}) {
  const client = useQueryClient()
  const activate = useMutation({
    mutationFn: () => activateVersion(agent, to),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['agents'] })
      say(`${agent} ${to} is active`)
      onClose()
    },
    onError: (error) => sayFailed('Not activated', error),
  })
  return (
    <Dialog open onClose={onClose} title={`Make ${to} the active version?`}>
      <p className="text-muted">
        New sessions of {agent} get it at once{from ? `, instead of ${from}` : ''}. Sessions that are under way go on
        with it when it has their major version and is not lower than their last one.
      </p>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" busy={activate.isPending} onClick={() => activate.mutate()}>
          Activate {to}
        </Button>
      </div>
    </Dialog>
  )
}
