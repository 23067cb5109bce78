import type { Comment } from '@shared/contracts/adminObjects'
import type { Role } from '@shared/domain/roles'
import { isAtLeast } from '@shared/domain/roles'
import { idOf } from '@shared/domain/ids'
import { query } from '../query.ts'
import { iso, uuid } from '../render.ts'
import type { Changed, Client } from './audit.ts'
import { areAllMembers, findComment } from './comments.ts'
import { takeChange } from './discussions.ts'

interface Member {
  organizationId: string
  memberId: string
  role: Role
}

/** `absent`: there is no such comment, or no more. `forbidden`: it is another's. */
export type ChangeOutcome = Comment | 'absent' | 'forbidden' | 'no_member' | 'no_thread'

const refused = (result: 'absent' | 'forbidden' | 'no_member' | 'no_thread') => ({ result, note: null })

/** Gives one's own comment another text; the one it had is kept. */
export async function editComment(
  client: Client,
  by: Member,
  commentId: string,
  { body, mentions }: { body: string; mentions: readonly string[] | undefined },
): Promise<Changed<ChangeOutcome>> {
  const before = await lockComment(client, by, commentId, () => 0)
  if (!before) return refused('absent')
  const { comment, change } = before
  if (comment.author.id !== by.memberId) return refused('forbidden')
  const named = mentions ?? comment.mentions
  if (!(await areAllMembers(client, by.organizationId, mentions ?? []))) return refused('no_member')
  await query(
    client,
    {
      name: 'edit_comment',
      text: `with kept as (
          insert into comment_revisions (comment_id, change, body, mentions, at)
            select id, change, body, mentions, coalesce(edited_at, created_at) from comments where id = $1
        )
        update comments set body = $2, mentions = $3, edited_at = clock_timestamp(), change = $4 where id = $1`,
    },
    [uuid('comment', commentId), body, named.map((member) => uuid('member', member)), change],
  )
  return changed(client, by, commentId, 'comment.edit')
}

/** Takes the text away, and what it was before; the comment keeps its place, since others may have answered it. */
export async function deleteComment(client: Client, by: Member, commentId: string): Promise<Changed<ChangeOutcome>> {
  const before = await lockComment(client, by, commentId, isOpenThread)
  if (!before) return refused('absent')
  if (before.comment.author.id !== by.memberId && !isAtLeast(by.role, 'admin')) return refused('forbidden')
  await query(
    client,
    {
      name: 'delete_comment',
      text: `with gone as (delete from comment_revisions where comment_id = $1)
        update comments set body = '', mentions = '{}', deleted_at = clock_timestamp(), change = $2 where id = $1`,
    },
    [uuid('comment', commentId), before.change],
  )
  return changed(client, by, commentId, 'comment.delete')
}

/** Resolves a thread, or opens it again; as it is already changes nothing. */
export async function resolveComment(
  client: Client,
  by: Member,
  commentId: string,
  resolved: boolean,
): Promise<Changed<ChangeOutcome>> {
  const found = await findComment(client, by.organizationId, commentId)
  if (!found || found.deletedAt !== undefined) return refused('absent')
  if (found.threadId !== undefined) return refused('no_thread')
  const before = await lockComment(client, by, commentId, (comment) =>
    (comment.resolvedAt !== undefined) === resolved ? 0 : resolved ? -1 : 1,
  )
  if (!before) return refused('absent')
  if ((before.comment.resolvedAt !== undefined) === resolved) return { result: before.comment, note: null }
  await query(
    client,
    {
      name: 'resolve_comment',
      text: `update comments set resolved_at = case when $2 then clock_timestamp() end,
               resolved_by = case when $2 then $3::uuid end, change = $4 where id = $1`,
    },
    [uuid('comment', commentId), resolved, uuid('member', by.memberId), before.change],
  )
  return changed(client, by, commentId, resolved ? 'comment.resolve' : 'comment.reopen')
}

const isOpenThread = (comment: Comment) => (comment.threadId === undefined && comment.resolvedAt === undefined ? -1 : 0)

/** What a comment was before each change, the newest first. */
export async function readRevisions(db: Client, commentId: string) {
  const rows = await query<{ body: string; mentions: string[]; at: Date }>(
    db,
    {
      name: 'read_revisions',
      text: 'select body, mentions, at from comment_revisions where comment_id = $1 order by change desc limit 200',
    },
    [uuid('comment', commentId)],
  )
  return rows.map(({ body, mentions, at }) => ({
    body,
    mentions: mentions.map((id) => idOf('member', id)),
    at: iso(at),
  }))
}

/** A comment that is there, its discussion held, and the number of the change. `threads`: as of takeChange. */
async function lockComment(
  client: Client,
  by: Member,
  commentId: string,
  threads: (comment: Comment) => number,
): Promise<{ comment: Comment; change: number } | null> {
  const found = await findComment(client, by.organizationId, commentId)
  if (!found) return null
  // Nothing of a discussion changes while its number is held, so this look is the last word.
  const change = await takeChange(client, by.organizationId, found.sessionId, 0)
  const comment = await findComment(client, by.organizationId, commentId)
  if (change === null || !comment || comment.deletedAt !== undefined) return null
  const more = threads(comment)
  if (more !== 0) await addThreads(client, found.sessionId, more)
  return { comment, change }
}

async function addThreads(client: Client, sessionId: string, more: number): Promise<void> {
  await query(
    client,
    {
      name: 'add_threads',
      text: 'update discussions set open_threads = greatest(open_threads + $2, 0) where session_id = $1',
    },
    [uuid('session', sessionId), more],
  )
}

async function changed(client: Client, by: Member, commentId: string, action: string): Promise<Changed<ChangeOutcome>> {
  const comment = await findComment(client, by.organizationId, commentId)
  if (!comment) return refused('absent')
  return { result: comment, note: { action, target: commentId, details: { sessionId: comment.sessionId } } }
}
