import { useState } from 'react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Inbox } from 'lucide-react'
import { inboxQuery } from '../../api/inbox.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { SkeletonRows } from '../../ui/Skeleton.tsx'
import { InboxRow } from './InboxRow.tsx'

/** Comments that concern the reader: mentions, answers, and what was said of sessions that one follows. */
export function InboxPage() {
  const [unreadOnly, setUnreadOnly] = useState(false)
  const list = useInfiniteQuery(inboxQuery(unreadOnly))
  const entries = list.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <>
      <PageHeader title="Inbox">
        <button
          type="button"
          aria-pressed={unreadOnly}
          onClick={() => setUnreadOnly(!unreadOnly)}
          className="h-7 rounded-md border border-line-strong px-2.5 text-xs hover:border-muted aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          Unread
        </button>
      </PageHeader>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {list.isPending && <SkeletonRows label="Loading the inbox" />}
        {list.error && entries.length === 0 && (
          <ErrorView error={list.error} what="The inbox could not be read" onRetry={() => void list.refetch()} />
        )}
        {list.isSuccess && entries.length === 0 && (
          <EmptyState icon={<Inbox className="size-5" />} title={unreadOnly ? 'All is read' : 'Nothing here yet'}>
            When somebody names you with @ in a comment, answers you, or comments on a session that you follow, it comes
            here.
          </EmptyState>
        )}
        <ul aria-label="Inbox">
          {entries.map((entry) => (
            <InboxRow key={entry.comment.id} entry={entry} />
          ))}
        </ul>
        {list.hasNextPage && (
          <div className="grid justify-items-center p-4">
            <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              Show more
            </Button>
          </div>
        )}
      </div>
    </>
  )
}
