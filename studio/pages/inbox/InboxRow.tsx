import { Link } from '@tanstack/react-router'
import type { InboxEntry } from '../../api/objects.ts'
import { Avatar } from '../../ui/Avatar.tsx'
import { Time } from '../../ui/Time.tsx'
import { classes } from '../../ui/classes.ts'

const REASONS = { mention: 'mentioned you', reply: 'answered you', following: 'commented' } as const

/** A comment, who wrote it and why it is here; leads to it in its session. */
export function InboxRow({ entry: { comment, reason, unread, session } }: { entry: InboxEntry }) {
  return (
    <li className="border-b border-line">
      <Link
        to="/sessions/$sessionId"
        params={{ sessionId: session.id }}
        search={{ panel: 'comments', ...(comment.itemId && { item: comment.itemId }) }}
        className="grid grid-cols-[0.5rem_1.5rem_1fr_auto] items-center gap-x-2.5 px-4 py-2.5 hover:bg-hover focus-visible:-outline-offset-2"
      >
        <span className={classes('size-2 rounded-full', unread && 'bg-accent-fill')}>
          {unread && <span className="sr-only">Unread:</span>}
        </span>
        <Avatar name={comment.author.name} />
        <span className="min-w-0">
          <span className="block truncate">
            <span className={unread ? 'font-semibold' : 'font-medium'}>{comment.author.name}</span>{' '}
            <span className="text-muted">
              {REASONS[reason]} in {session.title ?? session.handle} · {session.agent}
            </span>
          </span>
          <span className="block truncate text-muted">
            {comment.deletedAt ? 'This comment was deleted.' : comment.body}
          </span>
        </span>
        <Time at={comment.createdAt} className="text-xs text-faint" />
      </Link>
    </li>
  )
}
