import { useState } from 'react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import type { ApiKeyInfo } from '../../api/objects.ts'
import { apiKeysQuery, revokeApiKey } from '../../api/settings.ts'
import { useMay } from '../../app/memberContext.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { Section } from '../../ui/Section.tsx'
import { SidewaysScroll } from '../../ui/SidewaysScroll.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { TABLE, TD, TH } from '../../ui/tableClasses.ts'
import { Time } from '../../ui/Time.tsx'
import { NewKeyDialog } from './NewKeyDialog.tsx'

export function ApiKeys() {
  const keys = useQuery(apiKeysQuery)
  const client = useQueryClient()
  const [making, setMaking] = useState(false)
  const [revoking, setRevoking] = useState<ApiKeyInfo | null>(null)
  const may = useMay('createApiKey')
  return (
    <Section
      title="API keys"
      about="Secret keys are for your servers, publishable ones for web pages. A key is shown only when it is made."
      action={
        may && (
          <Button look="primary" icon={<Plus className="size-4" />} onClick={() => setMaking(true)}>
            New key
          </Button>
        )
      }
    >
      {keys.isPending && <SkeletonRows count={3} label="Loading keys" />}
      {keys.error && (
        <ErrorView error={keys.error} what="The keys could not be read" onRetry={() => void keys.refetch()} />
      )}
      {keys.data && (
        <SidewaysScroll label="API keys, sideways">
          <table className={TABLE} aria-label="API keys">
            <thead>
              <tr>
                <th className={TH}>Name</th>
                <th className={TH}>Key</th>
                <th className={TH}>Made</th>
                <th className={TH}>Last used</th>
                <th className={TH}>
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {keys.data.data.map((key) => (
                <tr key={key.id} className={key.revokedAt ? 'text-faint' : ''}>
                  <td className={TD}>
                    {key.name} {key.revokedAt ? <Badge>revoked</Badge> : <Badge tone="accent">{key.kind}</Badge>}
                  </td>
                  <td className={TD}>
                    <code className="font-mono text-xs">{key.hint}…</code>
                  </td>
                  <td className={TD}>
                    <Time at={key.createdAt} />
                  </td>
                  <td className={TD}>{key.lastUsedAt ? <Time at={key.lastUsedAt} /> : 'never'}</td>
                  <td className={`${TD} text-right`}>
                    {may && !key.revokedAt && (
                      <Button size="small" look="quiet" onClick={() => setRevoking(key)}>
                        Revoke
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SidewaysScroll>
      )}
      {making && <NewKeyDialog onClose={() => setMaking(false)} />}
      {revoking && (
        <ConfirmDialog
          title={`Revoke ${revoking.name}?`}
          action="Revoke"
          failed="The key was not revoked"
          onConfirm={async () => {
            await revokeApiKey(revoking.id)
            await client.invalidateQueries({ queryKey: apiKeysQuery.queryKey })
          }}
          onClose={() => setRevoking(null)}
        >
          Whatever uses it is refused from now on, and its open connections are cut.
        </ConfirmDialog>
      )}
    </Section>
  )
}
