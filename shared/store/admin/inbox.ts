import type { InboxEntry } from '@shared/contracts/adminObjects'
import { idOf } from '@shared/domain/ids'
import { query, queryOne } from '../query.ts'
import { uuid } from '../render.ts'
import { START } from '../sessions.ts'
import type { Client } from './audit.ts'
import { COMMENT_COLUMNS, type CommentRow, toComment } from './comments.ts'

interface InboxRow extends CommentRow {
  reason: InboxEntry['reason']
  unread: boolean
  handle: string
  agent: string
  title: string | null
}

/** Whether the reader `me` has not seen a comment `c`: nothing is written for each reader, his marks tell. */
const UNREAD = `(c.no > coalesce(m.seen_change, 0) and c.created_at > me.caught_up_at)`

/**
 * Comments `c` of others in the reader's organization that concern him: they name him, answer in a thread in which he has
 * written, or stand in a session that he follows. $1 organization, $2 member.
 */
const CONCERNING = `
  from comments c
  join members me on me.id = $2
  join sessions s on s.id = c.session_id and s.deleted_at is null
  left join session_marks m on m.session_id = c.session_id and m.member_id = me.id
  cross join lateral (select case
      when me.id = any (c.mentions) then 'mention'
      when c.thread_id is not null and exists (
        select from comments o where o.author_id = me.id and (o.id = c.thread_id or o.thread_id = c.thread_id)) then 'reply'
      when coalesce(m.following, coalesce(m.starred, false)
        or exists (select from comments o where o.session_id = c.session_id and o.author_id = me.id and o.deleted_at is null))
        then 'following'
    end as reason) why
  where c.organization_id = $1 and c.author_id <> me.id and c.deleted_at is null and why.reason is not null`

/** The newest first; `after` is the id of the last one before. */
export async function readInbox(
  db: Client,
  { organizationId, memberId }: { organizationId: string; memberId: string },
  { after, unread, limit }: { after: string | null; unread: boolean; limit: number },
): Promise<InboxEntry[]> {
  const rows = await query<InboxRow>(
    db,
    {
      name: unread ? 'read_unread_inbox' : 'read_inbox',
      text: `select ${COMMENT_COLUMNS}, why.reason, ${UNREAD} as unread, s.handle, s.title,
               (select name from agents where id = s.agent_id) as agent
             ${CONCERNING.replace('join members me', 'join members a on a.id = c.author_id join users u on u.id = a.user_id join members me')}
             and c.id < $3::uuid ${unread ? `and ${UNREAD}` : ''} order by c.id desc limit $4`,
    },
    [
      uuid('organization', organizationId),
      uuid('member', memberId),
      after ? uuid('comment', after) : START.desc.id,
      limit,
    ],
  )
  return rows.map((row) => ({
    comment: toComment(row),
    reason: row.reason,
    unread: row.unread,
    session: {
      id: idOf('session', row.session_id),
      handle: row.handle,
      agent: row.agent,
      ...(row.title !== null && { title: row.title }),
    },
  }))
}

/** How many of them are unread; stops counting at `most`. */
export async function countUnread(
  db: Client,
  { organizationId, memberId }: { organizationId: string; memberId: string },
  most: number,
): Promise<number> {
  const row = await queryOne<{ count: number }>(
    db,
    {
      name: 'count_unread',
      text: `select count(*) as count from (select 1 ${CONCERNING} and ${UNREAD} limit $3) counted`,
    },
    [uuid('organization', organizationId), uuid('member', memberId), most],
  )
  return row?.count ?? 0
}
