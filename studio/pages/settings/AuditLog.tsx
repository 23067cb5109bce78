import { useState } from 'react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { ScrollText } from 'lucide-react'
import { auditQuery } from '../../api/settings.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { Select } from '../../ui/Field.tsx'
import { Section } from '../../ui/Section.tsx'
import { SidewaysScroll } from '../../ui/SidewaysScroll.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { TABLE, TD, TH } from '../../ui/tableClasses.ts'
import { Time } from '../../ui/Time.tsx'

const ACTIONS = ['member', 'invitation', 'apiKey', 'agent', 'organization', 'comment', 'score', 'endUser', 'login']

/** Who has changed what. */
export function AuditLog() {
  const [action, setAction] = useState('')
  const log = useInfiniteQuery(auditQuery(action))
  const entries = log.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <Section
      title="Audit log"
      about="Every change, by whom and when. It can’t be altered."
      action={
        <Select aria-label="Kind of change" value={action} onChange={(event) => setAction(event.target.value)}>
          <option value="">All changes</option>
          {ACTIONS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
      }
    >
      {log.isPending && <SkeletonRows label="Loading the audit log" />}
      {log.error && entries.length === 0 && (
        <ErrorView error={log.error} what="The audit log could not be read" onRetry={() => void log.refetch()} />
      )}
      {log.isSuccess && entries.length === 0 && (
        <EmptyState icon={<ScrollText className="size-5" />} title="Nothing was changed yet" />
      )}
      {entries.length > 0 && (
        <SidewaysScroll label="Audit log, sideways">
          <table className={TABLE} aria-label="Audit log">
            <thead>
              <tr>
                <th className={TH}>When</th>
                <th className={TH}>Who</th>
                <th className={TH}>What</th>
                <th className={TH}>Details</th>
              </tr>
            </thead>
            <tbody>
              {entries.map(({ id, at, by, action: what, target, details }) => (
                <tr key={id}>
                  <td className={TD}>
                    <Time at={at} />
                  </td>
                  <td className={TD}>{by?.name ?? 'the server'}</td>
                  <td className={TD}>
                    <code className="font-mono text-xs">{what}</code>
                  </td>
                  <td className={`${TD} max-w-md`}>
                    <span className="block truncate text-xs text-muted" title={`${target} ${JSON.stringify(details)}`}>
                      {target} {Object.keys(details).length > 0 && JSON.stringify(details)}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SidewaysScroll>
      )}
      {log.hasNextPage && (
        <div className="grid justify-items-center p-4">
          <Button busy={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Section>
  )
}
