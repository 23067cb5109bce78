import type { Comment } from '@shared/contracts/adminObjects'
import { idOf, newId } from '@shared/domain/ids'
import { query, queryOne } from '../query.ts'
import { iso, uuid } from '../render.ts'
import type { Changed, Client } from './audit.ts'
import { takeChange } from './discussions.ts'
import { areMembers } from './members.ts'

export interface CommentRow {
  id: string
  session_id: string
  item_id: string | null
  thread_id: string | null
  author_id: string
  author: string
  body: string
  mentions: string[]
  created_at: Date
  edited_at: Date | null
  deleted_at: Date | null
  resolved_at: Date | null
  resolved_by: string | null
  no: number
  change: number
}

export const COMMENT_COLUMNS = `c.id, c.session_id, c.item_id, c.thread_id, c.author_id, u.name as author, c.body, c.mentions,
  c.created_at, c.edited_at, c.deleted_at, c.resolved_at, c.resolved_by, c.no, c.change`
const SELECT = `select ${COMMENT_COLUMNS} from comments c join members a on a.id = c.author_id join users u on u.id = a.user_id`

export function toComment(row: CommentRow): Comment {
  return {
    id: idOf('comment', row.id),
    sessionId: idOf('session', row.session_id),
    ...(row.item_id !== null && { itemId: idOf('item', row.item_id) }),
    ...(row.thread_id !== null && { threadId: idOf('comment', row.thread_id) }),
    author: { id: idOf('member', row.author_id), name: row.author },
    body: row.body,
    mentions: row.mentions.map((id) => idOf('member', id)),
    createdAt: iso(row.created_at),
    ...(row.edited_at && { editedAt: iso(row.edited_at) }),
    ...(row.deleted_at && { deletedAt: iso(row.deleted_at) }),
    ...(row.resolved_at && { resolvedAt: iso(row.resolved_at) }),
    ...(row.resolved_by !== null && { resolvedBy: idOf('member', row.resolved_by) }),
    no: row.no,
    change: row.change,
  }
}

/** Comments of a session that have changed after a place of its discussion, in the order of their last changes. */
export async function readComments(db: Client, sessionId: string, after: number, limit: number): Promise<Comment[]> {
  const rows = await query<CommentRow>(
    db,
    {
      name: 'read_comments',
      text: `${SELECT} where c.session_id = $1 and c.change > $2 order by c.change limit $3`,
    },
    [uuid('session', sessionId), after, limit],
  )
  return rows.map(toComment)
}

export async function findComment(db: Client, organizationId: string, commentId: string): Promise<Comment | null> {
  const row = await queryOne<CommentRow>(
    db,
    { name: 'find_comment', text: `${SELECT} where c.id = $1 and c.organization_id = $2` },
    [uuid('comment', commentId), uuid('organization', organizationId)],
  )
  return row && toComment(row)
}

export interface NewComment {
  sessionId: string
  itemId: string | null
  threadId: string | null
  body: string
  mentions: readonly string[]
}

/** `no_session`, `no_item`, `no_thread`, `no_member`: what it names isn't there, or elsewhere. */
export type CommentRefusal = 'no_session' | 'no_item' | 'no_thread' | 'no_member'

/** Writes a comment. A reply stands where its thread does. */
export async function createComment(
  client: Client,
  by: { organizationId: string; memberId: string },
  comment: NewComment,
): Promise<Changed<Comment | CommentRefusal>> {
  const { sessionId, threadId, body } = comment
  const refused = (result: CommentRefusal) => ({ result, note: null })
  const change = await takeChange(client, by.organizationId, sessionId, threadId === null ? 1 : 0)
  if (change === null) return refused('no_session')
  const thread = threadId === null ? null : await findComment(client, by.organizationId, threadId)
  if (threadId !== null && (thread?.sessionId !== sessionId || thread.threadId !== undefined))
    return refused('no_thread')
  if (comment.itemId !== null && thread) return refused('no_item')
  const itemId = comment.itemId ?? thread?.itemId ?? null
  if (itemId !== null && !(await hasItem(client, sessionId, itemId))) return refused('no_item')
  if (!(await areAllMembers(client, by.organizationId, comment.mentions))) return refused('no_member')
  const id = newId('comment')
  await query(
    client,
    {
      name: 'create_comment',
      text: `insert into comments (id, organization_id, session_id, item_id, thread_id, author_id, body, mentions, created_at, no, change)
             values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp(), $9, $9)`,
    },
    [
      uuid('comment', id),
      uuid('organization', by.organizationId),
      uuid('session', sessionId),
      itemId && uuid('item', itemId),
      threadId && uuid('comment', threadId),
      uuid('member', by.memberId),
      body,
      comment.mentions.map((member) => uuid('member', member)),
      change,
    ],
  )
  const made = await findComment(client, by.organizationId, id)
  return { result: made!, note: { action: 'comment.create', target: id, details: { sessionId } } }
}

async function hasItem(client: Client, sessionId: string, itemId: string): Promise<boolean> {
  const row = await queryOne(
    client,
    { name: 'has_item', text: 'select 1 from items where id = $1 and session_id = $2' },
    [uuid('item', itemId), uuid('session', sessionId)],
  )
  return row !== null
}

export async function areAllMembers(client: Client, organizationId: string, ids: readonly string[]): Promise<boolean> {
  return ids.length === 0 || (await areMembers(client, organizationId, ids)).length === ids.length
}
