import type { Knex } from 'knex'
import type { SessionRow } from '@shared/contracts/adminObjects'
import { idOf } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import type { RunError, RunStatus } from '@shared/domain/objects'
import { type StoredSession, iso, renderSession, uuid } from '../render.ts'
import { type Page, beyond } from '../sessions.ts'
import { type SessionFilter, filterSessions } from './filterSessions.ts'
import { FOLLOWING, SEEN_SEQ } from './marks.ts'

interface Row {
  session: StoredSession
  end_user: { id: string; externalId: string | null; anonymous: boolean }
  run_count: number
  last_run: { id: string; status: RunStatus; error: RunError | null; createdAt: string } | null
  first_input: JsonObject | null
  scores: { itemId: string; name: string; value: Json; by: SessionRow['scores'][number]['by'] }[] | null
  open_threads: number | null
  last_change: number | null
  seen_seq: number
  seen_change: number
  starred: boolean
  following: boolean
}

/** Everything beside the session itself is looked up for the rows of the page only. */
const COLUMNS = `
  session_snapshot_v1(s.id) as session,
  (select jsonb_build_object('id', u.id, 'externalId', u.external_id, 'anonymous', u.anonymous) from end_users u
    where u.id = s.end_user_id) as end_user,
  h.next_run_no - 1 as run_count,
  (select jsonb_build_object('id', r.id, 'status', r.status, 'error', r.error, 'createdAt', r.created_at) from runs r
    where r.session_id = s.id order by r.run_no desc limit 1) as last_run,
  (select i.data from items i where i.session_id = s.id and i.kind = 'input' and not i.hidden
    order by i.run_no, i.item_no limit 1) as first_input,
  (select jsonb_agg(jsonb_build_object('itemId', c.item_id, 'name', c.name, 'value', c.value, 'by', c.author_kind)) from (
    select * from scores where session_id = s.id order by updated_at desc limit 10) c) as scores,
  d.open_threads, d.last_change,
  ${SEEN_SEQ} as seen_seq, coalesce(m.seen_change, 0) as seen_change, coalesce(m.starred, false) as starred,
  ${FOLLOWING} as following`

/** Sessions for a member to choose from, in the order of their making: a keyset page. `after`: the id of the last one before. */
export async function listAdminSessions(
  reads: Knex,
  filter: SessionFilter,
  after: string | null,
  { limit, order }: Page,
): Promise<SessionRow[]> {
  const list = filterSessions(reads, filter).select(reads.raw(COLUMNS)).orderBy('s.id', order).limit(limit)
  if (after) void list.where('s.id', beyond(order), uuid('session', after))
  const rows: Row[] = await list
  return rows.map(toRow)
}

/** How many sessions a list has; stops counting at `most`. */
export async function countAdminSessions(reads: Knex, filter: SessionFilter, most: number): Promise<number> {
  const counted = filterSessions(reads, filter).select(reads.raw('1')).limit(most).as('counted')
  const rows: { count: number }[] = await reads.from(counted).count('* as count')
  return rows[0]?.count ?? 0
}

function toRow(row: Row): SessionRow {
  const { session: stored, end_user: endUser, last_run: lastRun } = row
  const { lastRun: _lastRun, items: _items, ...session } = renderSession(stored)
  const preview = previewOf(row.first_input)
  return {
    ...session,
    endUser: {
      id: idOf('endUser', endUser.id),
      ...(endUser.externalId !== null && { externalId: endUser.externalId }),
      anonymous: endUser.anonymous,
    },
    runCount: row.run_count,
    ...(lastRun && {
      lastRun: {
        id: idOf('run', lastRun.id),
        status: lastRun.status,
        ...(lastRun.error && { error: lastRun.error }),
        createdAt: iso(lastRun.createdAt),
      },
    }),
    ...(preview !== null && { preview }),
    scores: (row.scores ?? []).map(({ itemId, ...score }) => ({ itemId: idOf('item', itemId), ...score })),
    openComments: row.open_threads ?? 0,
    lastChange: row.last_change ?? 0,
    mark: {
      seenSeq: row.seen_seq,
      seenChange: row.seen_change,
      starred: row.starred,
      following: row.following,
    },
    unread: session.lastSeq > row.seen_seq,
  }
}

const PREVIEW_CHARS = 200

/** A line that tells a person what an input was about: its text, or its JSON. */
function previewOf(input: JsonObject | null): string | null {
  if (!input) return null
  const { content, text } = input
  const told = [content, text].find((value) => typeof value === 'string') ?? JSON.stringify(input)
  const line = told.replaceAll(/\s+/g, ' ').trim()
  return line.length > PREVIEW_CHARS ? `${line.slice(0, PREVIEW_CHARS - 1).toWellFormed()}…` : line
}
