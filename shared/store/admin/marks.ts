import type { Mark } from '@shared/contracts/adminObjects'
import { query, queryOne } from '../query.ts'
import { uuid } from '../render.ts'
import type { Client } from './audit.ts'

/** How far a member has seen a session `s`, of which `m` is his mark and `me` his row; what is quiet since he caught up counts as seen. */
export const SEEN_SEQ = `greatest(coalesce(m.seen_seq, 0), case when s.updated_at <= me.caught_up_at then h.last_seq else 0 end)`

/** Whether a member follows a session: as he has said, else when he has starred it or commented on it. */
export const FOLLOWING = `coalesce(m.following, coalesce(m.starred, false) or exists (
  select from comments c where c.session_id = s.id and c.author_id = me.id and c.deleted_at is null))`

interface StandingRow {
  seen_seq: number
  seen_change: number
  starred: boolean
  following: boolean
  open_threads: number
  last_change: number
}

/** What a member's own view of a session adds to it. */
export interface Standing {
  mark: Mark
  openComments: number
  lastChange: number
}

const READ = `
  select ${SEEN_SEQ} as seen_seq, coalesce(m.seen_change, 0) as seen_change, coalesce(m.starred, false) as starred,
    ${FOLLOWING} as following, coalesce(d.open_threads, 0) as open_threads, coalesce(d.last_change, 0) as last_change
  from sessions s join session_heads h on h.session_id = s.id join members me on me.id = $1
  left join discussions d on d.session_id = s.id
  left join session_marks m on m.session_id = s.id and m.member_id = me.id
  where s.id = $2`

/** Null: the session is gone. */
export async function readStanding(db: Client, memberId: string, sessionId: string): Promise<Standing | null> {
  const row = await queryOne<StandingRow>(db, { name: 'read_standing', text: READ }, [
    uuid('member', memberId),
    uuid('session', sessionId),
  ])
  if (!row) return null
  const { seen_seq: seenSeq, seen_change: seenChange, starred, following } = row
  return {
    mark: { seenSeq, seenChange, starred, following },
    openComments: row.open_threads,
    lastChange: row.last_change,
  }
}

/** What of a mark is changed; what is undefined stays. */
export type MarkChange = { [Member in keyof Mark]?: Mark[Member] | undefined }

/** Marks a session of the member's organization; what was seen never goes back. False: there is no such session. */
export async function markSession(
  db: Client,
  organizationId: string,
  memberId: string,
  sessionId: string,
  { seenSeq, seenChange, starred, following }: MarkChange,
): Promise<boolean> {
  const rows = await query(
    db,
    {
      name: 'mark_session',
      // No further than there is anything: what comes later is not seen yet.
      text: `insert into session_marks as m (member_id, session_id, seen_seq, seen_change, starred, following)
             select $1, s.id, least(coalesce($4::bigint, 0), h.last_seq), least(coalesce($5::int, 0), coalesce(d.last_change, 0)),
               coalesce($6::boolean, false), $7::boolean
             from sessions s join session_heads h on h.session_id = s.id left join discussions d on d.session_id = s.id
             where s.id = $2 and s.organization_id = $3 and s.deleted_at is null
             on conflict (member_id, session_id) do update set
               seen_seq = greatest(m.seen_seq, excluded.seen_seq), seen_change = greatest(m.seen_change, excluded.seen_change),
               starred = coalesce($6, m.starred), following = coalesce($7, m.following)
             returning 1`,
    },
    [
      uuid('member', memberId),
      uuid('session', sessionId),
      uuid('organization', organizationId),
      seenSeq ?? null,
      seenChange ?? null,
      starred ?? null,
      following ?? null,
    ],
  )
  return rows.length > 0
}

/** All that there is now counts as seen. */
export async function catchUp(db: Client, memberId: string): Promise<void> {
  await query(db, { name: 'catch_up', text: 'update members set caught_up_at = clock_timestamp() where id = $1' }, [
    uuid('member', memberId),
  ])
}
