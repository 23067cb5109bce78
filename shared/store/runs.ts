import type { JsonObject } from '@shared/domain/json'
import type { Item, Run } from '@shared/domain/objects'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { type StoredItem, type StoredRun, renderItem, renderRun, uuid } from './render.ts'

/** A run of an organization (and of that end user, when given); null is the same for absent and another's. */
export async function findRun(
  db: Database,
  scope: { organizationId: string; endUserId: string | null },
  runId: string,
): Promise<Run | null> {
  const row = await queryOne<{ run: StoredRun & { queuePosition: number | null } }>(
    db,
    {
      name: 'find_run',
      // The place in the queue is counted from behind: a long session isn't read from its beginning.
      text: `select run_snapshot_v1(r.id) || jsonb_build_object('queuePosition', case when r.status = 'queued' then (
               select (case when h.held_run_id <> r.id then 1 else 0 end) + h.queued_count - (
                 select count(*) from runs b where b.session_id = r.session_id and b.run_no >= r.run_no
                   and b.ended_at is null and b.id is distinct from h.held_run_id)
               from session_heads h where h.session_id = r.session_id) end) as run
             from runs r where r.id = $1 and r.organization_id = $2
               and exists (select from sessions s where s.id = r.session_id and s.deleted_at is null
                 and ($3::uuid is null or s.end_user_id = $3))`,
    },
    [
      uuid('run', runId),
      uuid('organization', scope.organizationId),
      scope.endUserId && uuid('endUser', scope.endUserId),
    ],
  )
  return row && renderRun(row.run)
}

/** What a run was begun with, in order; also when it is hidden. */
export async function readInputs(db: Database, runId: string): Promise<JsonObject[]> {
  const rows = await query<{ data: JsonObject }>(
    db,
    { name: 'read_inputs', text: `select data from items where run_id = $1 and kind = 'input' order by item_no` },
    [uuid('run', runId)],
  )
  return rows.map((row) => row.data)
}

/** A run's settled items that are shown, in order, with its inputs. */
export async function readItemsOfRun(db: Database, run: { id: string; sessionId: string }): Promise<Item[]> {
  const rows = await query<StoredItem>(
    db,
    {
      name: 'read_items_of_run',
      text: `select id, run_id as "runId", run_no as "runNo", item_no as "itemNo", kind, status, data, created_at as "createdAt"
             from items where run_id = $1 and not hidden order by item_no`,
    },
    [uuid('run', run.id)],
  )
  return rows.map((row) => renderItem(row, run.sessionId))
}

/** One settled item of a session. */
export async function readItem(db: Database, sessionId: string, itemId: string): Promise<Item | null> {
  const row = await queryOne<StoredItem>(
    db,
    {
      name: 'read_item',
      text: `select id, run_id as "runId", run_no as "runNo", item_no as "itemNo", kind, status, data, created_at as "createdAt", hidden
             from items where id = $1 and session_id = $2`,
    },
    [uuid('item', itemId), uuid('session', sessionId)],
  )
  return row && renderItem(row, sessionId)
}

/** Where a run's events stand in its session's log; `endedSeq` is null while it lives. Null when there is no such run. */
export async function readRunBounds(
  db: Database,
  runId: string,
): Promise<{ firstSeq: number; endedSeq: number | null; leg: number } | null> {
  const row = await queryOne<{ first_seq: number; ended_seq: number | null; leg: number }>(
    db,
    { name: 'read_run_bounds', text: 'select first_seq, ended_seq, leg from runs where id = $1' },
    [uuid('run', runId)],
  )
  return row && { firstSeq: row.first_seq, endedSeq: row.ended_seq, leg: row.leg }
}
