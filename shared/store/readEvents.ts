import type { SessionEvent } from '@shared/domain/events'
import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query } from './query.ts'
import { type StoredEvent, renderEvent, uuid } from './render.ts'

interface LogRow {
  last_seq: number
  floor_seq: number
  seq: number | null
  run_id: string | null
  attempt: number | null
  type: StoredEvent['type']
  data: StoredEvent['data']
  at: Date
}

export interface EventPage {
  /** The head's, in the same snapshot as the events. */
  lastSeq: number
  floorSeq: number
  events: SessionEvent[]
}

const PAGE = `
  select h.last_seq, h.floor_seq, e.seq, e.run_id, e.attempt, e.type, e.data, e.at
  from session_heads h
  left join lateral (
    select * from (
      (select seq, run_id, attempt, type, data, at from session_events
        where session_id = h.session_id and seq > $2 order by seq limit $3)
      union all
      (select seq, run_id, attempt, 'item.delta', jsonb_build_object('itemId', item_id, 'patch', patch), at from session_deltas
        where session_id = h.session_id and seq > $2 order by seq limit $3)
    ) both_kinds order by seq limit $3
  ) e on h.floor_seq <= $2
  where h.session_id = $1
  order by e.seq`

/**
 * The next events of a session's log after a cursor, with floor and last seq of the same snapshot (one statement).
 * Below the floor there are no events: the reader needs a snapshot. Null when there is no such session.
 */
export async function readEvents(
  db: Database,
  sessionId: string,
  after: number,
  limit: number,
): Promise<EventPage | null> {
  const rows = await query<LogRow>(db, { name: 'read_events', text: PAGE }, [uuid('session', sessionId), after, limit])
  return toPage(rows, sessionId)
}

function toPage(rows: LogRow[], sessionId: string): EventPage | null {
  const first = rows[0]
  if (!first) return null
  const events = rows.flatMap(({ seq, run_id, attempt, type, data, at }) =>
    seq === null ? [] : [renderEvent({ seq, runId: run_id, attempt, type, data, at }, sessionId)],
  )
  return { lastSeq: first.last_seq, floorSeq: first.floor_seq, events }
}

/** What a session's head says of its log; null where there is no such session. In the order asked for. */
export async function readLogEnds(
  db: Database,
  sessionIds: readonly string[],
): Promise<(Pick<EventPage, 'lastSeq' | 'floorSeq'> | null)[]> {
  const rows = await query<{ last_seq: number | null; floor_seq: number }>(
    db,
    {
      name: 'read_log_ends',
      text: `select h.last_seq, h.floor_seq from unnest($1::uuid[]) with ordinality a(session_id, no)
             -- one by one, by the key: of a table that is still short a kept plan would read all
             left join lateral (
               select last_seq, floor_seq from session_heads where session_id = a.session_id limit 1
             ) h on true
             order by a.no`,
    },
    [sessionIds.map((id) => uuid('session', id))],
  )
  return rows.map(({ last_seq, floor_seq }) => (last_seq === null ? null : { lastSeq: last_seq, floorSeq: floor_seq }))
}

/** Newest seq of each session; sessions that are gone are missing. */
export async function readLastSeqs(db: Database, sessionIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await query<{ session_id: string; last_seq: number }>(
    db,
    {
      name: 'read_last_seqs',
      text: 'select session_id, last_seq from session_heads where session_id = any ($1::uuid[])',
    },
    [sessionIds.map((id) => uuid('session', id))],
  )
  return new Map(rows.map((row) => [idOf('session', row.session_id), row.last_seq]))
}

/**
 * Of sessions and what is known to be their newest seq, those whose log is further, with their newest seq; null for one
 * that is gone. One statement, however many there are; what has not moved is not sent.
 */
export async function readMovedSeqs(
  db: Database,
  known: ReadonlyMap<string, number>,
): Promise<Map<string, number | null>> {
  const rows = await query<{ session_id: string; last_seq: number | null }>(
    db,
    {
      name: 'read_moved_seqs',
      text: `select k.session_id, h.last_seq from unnest($1::uuid[], $2::bigint[]) k(session_id, seq)
             left join lateral (
               select last_seq from session_heads where session_id = k.session_id limit 1
             ) h on true
             where h.last_seq is distinct from k.seq`,
    },
    [[...known.keys()].map((id) => uuid('session', id)), [...known.values()]].map((array) => `{${array.join()}}`),
  )
  return new Map(rows.map((row) => [idOf('session', row.session_id), row.last_seq]))
}

/** The last event of one run at or before a seq: what a run's stream calls `prev`. 0 when there is none. */
export async function readRunSeqBefore(db: Database, sessionId: string, runId: string, seq: number): Promise<number> {
  const rows = await query<{ seq: number }>(
    db,
    {
      name: 'read_run_seq_before',
      text: `select greatest(
          (select e.seq from session_events e where e.session_id = $1 and e.run_id = $2
            and e.seq between (select first_seq from runs where id = $2) and $3 order by e.seq desc limit 1),
          (select d.seq from session_deltas d where d.session_id = $1 and d.run_id = $2
            and d.seq between (select first_seq from runs where id = $2) and $3 order by d.seq desc limit 1),
          0) as seq`,
    },
    [uuid('session', sessionId), uuid('run', runId), seq],
  )
  return rows[0]!.seq
}
