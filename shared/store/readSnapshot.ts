import type { PoolClient } from 'pg'
import { type SessionView, foldSession } from '@shared/domain/foldSession'
import { isEnded } from '@shared/domain/runStates'
import type { Item, Run, Session } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import type { Database } from './pool.ts'
import { inTransaction, query, queryOne } from './query.ts'
import {
  type StoredEvent,
  type StoredItem,
  type StoredRun,
  type StoredSession,
  renderEvent,
  renderItem,
  renderRun,
  renderSession,
  uuid,
} from './render.ts'

export interface SessionSnapshot {
  /** What it stands for: everything up to this seq. */
  seq: number
  session: Session
  items: Item[]
  runs: Run[]
}

// Rows come from indexes in the order that is asked for: kept plans that sort would read whole sessions.
const BEGIN = 'begin isolation level repeatable read read only; set local enable_sort = off'

/**
 * A session as it is at one instant: rows of what is settled, and the fold of the live run's events, all in one
 * REPEATABLE READ transaction. Holds the newest items (`tunables.sessionItems`) and their runs. Null when absent.
 */
export async function readSnapshot(db: Database, sessionId: string): Promise<SessionSnapshot | null> {
  return inTransaction(db, BEGIN, (client) => readWithin(client, sessionId))
}

async function readWithin(client: PoolClient, sessionId: string): Promise<SessionSnapshot | null> {
  const id = uuid('session', sessionId)
  const stored = await queryOne<{ session: StoredSession | null }>(
    client,
    { name: 'snapshot_session', text: 'select session_snapshot_v1($1) as session' },
    [id],
  )
  if (!stored?.session) return null
  const session = renderSession(stored.session)
  const items = await query<StoredItem>(client, { name: 'snapshot_items', text: ITEMS }, [id, tunables.sessionItems])
  const settled = items.map((item) => renderItem(item, sessionId)).toReversed()
  const runRows = await query<{ run: StoredRun }>(client, { name: 'snapshot_runs', text: RUNS }, [
    id,
    settled[0]?.runNo ?? 0,
  ])
  const runs = runRows.map((row) => renderRun(row.run))
  const live = runs.find((run) => run.status === 'running' || (run.attempts.length > 0 && !isEnded(run.status)))
  const folded = foldSession(live ? await readRunLog(client, id, sessionId, live.id, 0) : [])
  const known = new Set(settled.map((item) => item.id))
  const all = [...settled, ...folded.items.filter((item) => !known.has(item.id))]
  const inOrder = all.toSorted((a, b) => a.runNo - b.runNo || a.itemNo - b.itemNo).slice(-tunables.sessionItems)
  return { seq: session.lastSeq, session, items: inOrder, runs }
}

/** The log of one run after a seq. Of live runs it is short and its deltas are there. */
async function readRunLog(client: PoolClient, id: string, sessionId: string, runId: string, after: number) {
  const rows = await query<Omit<StoredEvent, 'runId'>>(client, { name: 'snapshot_run_log', text: RUN_LOG }, [
    id,
    uuid('run', runId),
    after,
  ])
  return rows.map((row) => renderEvent({ ...row, runId: uuid('run', runId) }, sessionId))
}

const ITEMS = `
  select id, run_id as "runId", run_no as "runNo", item_no as "itemNo", kind, status, data, created_at as "createdAt"
  from items where session_id = $1 and not hidden order by run_no desc, item_no desc limit $2`

// The runs of the items that are shown, and all from the oldest live one on: the held one, or else the first of those
// that are queued, which are found from the newest back. Not by status: that would allow the index of all live runs.
const RUNS = `
  select run_snapshot_v1(r.id) as run from runs r
  where r.session_id = $1 and r.run_no >= least($2, (
    select case when h.held_run_id is null
      then (select min(q.run_no) from (
        select run_no from runs where session_id = $1 and ended_at is null order by run_no desc limit h.queued_count) q)
      else (select run_no from runs where id = h.held_run_id) end
    from session_heads h where h.session_id = $1))
  order by r.run_no`

const OF_RUN = `
  between (select greatest(first_seq, $3::bigint + 1) from runs where id = $2)
  and (select coalesce(ended_seq, ${Number.MAX_SAFE_INTEGER}) from runs where id = $2)`

const RUN_LOG = `
  select * from (
    select e.seq, e.attempt, e.type, e.data, e.at from session_events e
      where e.session_id = $1 and e.run_id = $2 and e.seq ${OF_RUN}
    union all
    select d.seq, d.attempt, 'item.delta', jsonb_build_object('itemId', d.item_id, 'patch', d.patch), d.at
      from session_deltas d
      where d.session_id = $1 and d.run_id = $2 and d.seq ${OF_RUN}
  ) log order by seq`

export interface LiveRun {
  /** The head's last seq: what whoever ends the run by force must still find. */
  seq: number
  run: Run
  epoch: number
  owner: 'worker' | 'external'
  nextItemNo: number
  /** Of all legs, folded; streaming ones as they are. Without the inputs, which are rows already. */
  items: Item[]
  /** The fold of the run's events up to `seq`. */
  view: SessionView
  /** Postgres' clock just then. */
  at: string
}

/** A run and what it has made so far, at one instant. Goes on from `known`, read before. Null when absent. */
export async function readLiveRun(
  db: Database,
  sessionId: string,
  runId: string,
  known: LiveRun | null = null,
): Promise<LiveRun | null> {
  const id = uuid('session', sessionId)
  return inTransaction(db, BEGIN, async (client) => {
    const row = await queryOne<{
      last_seq: number
      run: StoredRun
      epoch: number
      owner: LiveRun['owner']
      next_item_no: number
      at: Date
    }>(
      client,
      {
        name: 'live_run',
        // Not joined by the session: a plan may then read all its runs.
        text: `select h.last_seq, run_snapshot_v1(r.id) as run, r.epoch, r.owner, r.next_item_no, clock_timestamp() as at
               from session_heads h, runs r where h.session_id = $1 and r.id = $2`,
      },
      [id, uuid('run', runId)],
    )
    if (row?.run.sessionId !== id) return null
    const view = foldSession(await readRunLog(client, id, sessionId, runId, known?.seq ?? 0), known?.view)
    const items = view.items.filter((item) => item.kind !== 'input')
    const { last_seq: seq, epoch, owner, next_item_no: nextItemNo } = row
    return { seq, run: renderRun(row.run), epoch, owner, nextItemNo, items, view, at: row.at.toISOString() }
  })
}
