import { useEffect, useMemo } from 'react'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { MessagesSquare, SearchX } from 'lucide-react'
import type { SessionRow } from '../../api/objects.ts'
import { keepFirstPage, sessionsQuery } from '../../api/sessions.ts'
import { Button } from '../../ui/Button.tsx'
import { CommandLine } from '../../ui/CommandLine.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { ColumnMenu } from './ColumnMenu.tsx'
import { FilterBar } from './FilterBar.tsx'
import { NewSessions } from './NewSessions.tsx'
import { SeenMenu } from './SeenMenu.tsx'
import { SessionCount } from './SessionCount.tsx'
import { SessionTable } from './SessionTable.tsx'
import { ViewsMenu } from './ViewsMenu.tsx'
import { rememberList, scrollOf } from './lastList.ts'
import { type SessionsView, filterCount, shownColumns, viewSearch } from './sessionsView.ts'

/** Every session of the organization, narrowed and ordered as the address says. */
export function SessionsPage() {
  const view = useSearch({ from: '/sessions' })
  const navigate = useNavigate({ from: '/sessions' })
  const change = (next: SessionsView, replace = false) =>
    void navigate({ to: '/sessions', search: viewSearch(next), replace })
  const list = useInfiniteQuery(sessionsQuery(view))
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.data) ?? [], [list.data])
  useEffect(() => rememberList(view, rows), [view, rows])
  const client = useQueryClient()
  const showNew = () => {
    keepFirstPage(client, view)
    void list.refetch()
  }
  const shown = useMemo(() => shownColumns(view), [view])

  return (
    <>
      <PageHeader title="Sessions" aside={<SessionCount view={view} />}>
        <NewSessions view={view} newest={rows[0]} onShow={showNew} />
        <ViewsMenu view={view} onChange={change} />
        <ColumnMenu shown={shown} onChange={(columns) => change({ ...view, columns }, true)} />
        <SeenMenu />
      </PageHeader>
      <FilterBar view={view} onChange={change} />
      <Rows
        list={list}
        rows={rows}
        empty={<Empty narrowed={filterCount(view) > 0} onClear={() => change({})} />}
        table={
          <SessionTable
            key={JSON.stringify({ ...view, columns: undefined })}
            rows={rows}
            shown={shown}
            order={view.order ?? 'desc'}
            onOrder={() => {
              const { order, ...rest } = view
              change(order ? rest : { ...rest, order: 'asc' })
            }}
            top={scrollOf(view)}
            hasMore={list.hasNextPage && !list.isFetchNextPageError}
            loadMore={() => void (list.isFetchingNextPage || list.fetchNextPage())}
          />
        }
      />
    </>
  )
}

function Rows({
  list,
  rows,
  empty,
  table,
}: {
  list: {
    isPending: boolean
    error: Error | null
    isFetchNextPageError: boolean
    refetch: () => unknown
    fetchNextPage: () => unknown
  }
  rows: SessionRow[]
  empty: React.ReactNode
  table: React.ReactNode
}) {
  if (list.isPending) return <SkeletonRows count={14} label="Loading sessions" />
  if (list.error && rows.length === 0) {
    return <ErrorView error={list.error} what="The sessions could not be read" onRetry={() => void list.refetch()} />
  }
  if (rows.length === 0) return empty
  return (
    <>
      {table}
      {list.isFetchNextPageError && (
        <p role="alert" className="flex items-center gap-3 border-t border-line px-4 py-2 text-sm text-bad">
          The next rows could not be read.
          <Button size="small" onClick={() => void list.fetchNextPage()}>
            Try again
          </Button>
        </p>
      )}
    </>
  )
}

function Empty({ narrowed, onClear }: { narrowed: boolean; onClear: () => void }) {
  if (narrowed) {
    return (
      <EmptyState
        icon={<SearchX className="size-5" />}
        title="No session fits these filters"
        action={<Button onClick={onClear}>Clear the filters</Button>}
      >
        Take one of them away, or widen the time.
      </EmptyState>
    )
  }
  return (
    <EmptyState icon={<MessagesSquare className="size-5" />} title="No conversations yet">
      <p>Sessions appear here as soon as somebody talks to one of your agents. Try it on the demo page:</p>
      <CommandLine>{`${location.origin}/demo/`}</CommandLine>
      <p>Or from your server, with the secret key that the first start printed:</p>
      <CommandLine>{`curl ${location.origin}/v1/messages -H "Authorization: Bearer $AGENTVIEW_SECRET_KEY" -H "Content-Type: application/json" -d '{"agent":"eliza","input":"Hello"}'`}</CommandLine>
    </EmptyState>
  )
}
