import { idOf } from '@shared/domain/ids'
import type { Item, Run, Session } from '@shared/domain/objects'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import {
  type StoredItem,
  type StoredRun,
  type StoredSession,
  renderItem,
  renderRun,
  renderSession,
  uuid,
} from './render.ts'

/** What every request needs to know of a session before it may touch it. */
export interface SessionAccess {
  id: string
  organizationId: string
  agentId: string
  endUserId: string
  /** Of its last run. */
  version: string | null
}

/** A session of an organization (and, when given, of that end user); null is the same for absent and another's. */
export async function findSession(
  db: Database,
  scope: { organizationId: string; endUserId: string | null },
  sessionId: string,
): Promise<SessionAccess | null> {
  const row = await queryOne<{ agent_id: string; end_user_id: string; version: string | null }>(
    db,
    {
      name: 'find_session',
      text: `select agent_id, end_user_id, version from sessions
             where id = $1 and organization_id = $2 and ($3::uuid is null or end_user_id = $3) and deleted_at is null`,
    },
    [
      uuid('session', sessionId),
      uuid('organization', scope.organizationId),
      scope.endUserId && uuid('endUser', scope.endUserId),
    ],
  )
  return (
    row && {
      id: sessionId,
      organizationId: scope.organizationId,
      agentId: idOf('agent', row.agent_id),
      endUserId: idOf('endUser', row.end_user_id),
      version: row.version,
    }
  )
}

/** The same for many sessions, each asked for by somebody of his own, in their order. */
export async function findSessions(
  db: Database,
  asked: readonly { organizationId: string; endUserId: string | null; sessionId: string }[],
): Promise<(SessionAccess | null)[]> {
  const rows = await query<{ agent_id: string | null; end_user_id: string; version: string | null }>(
    db,
    {
      name: 'find_sessions',
      text: `select s.agent_id, s.end_user_id, s.version
             from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality a(organization_id, end_user_id, session_id, no)
             -- one by one, by the key: of a table that is still short a kept plan would read all
             left join lateral (
               select t.agent_id, t.end_user_id, t.version from sessions t
               where t.id = a.session_id and t.organization_id = a.organization_id
                 and (a.end_user_id is null or t.end_user_id = a.end_user_id) and t.deleted_at is null limit 1
             ) s on true
             order by a.no`,
    },
    [
      asked.map(({ organizationId }) => uuid('organization', organizationId)),
      asked.map(({ endUserId }) => endUserId && uuid('endUser', endUserId)),
      asked.map(({ sessionId }) => uuid('session', sessionId)),
    ],
  )
  return rows.map(({ agent_id, end_user_id, version }, index) => {
    if (agent_id === null) return null
    const { sessionId: id, organizationId } = asked[index]!
    return { id, organizationId, agentId: idOf('agent', agent_id), endUserId: idOf('endUser', end_user_id), version }
  })
}

export async function readSession(db: Database, sessionId: string): Promise<Session | null> {
  const row = await queryOne<{ session: StoredSession | null }>(
    db,
    { name: 'read_session', text: 'select session_snapshot_v1($1) as session' },
    [uuid('session', sessionId)],
  )
  return row?.session ? renderSession(row.session) : null
}

/** Several of them by their ids; those that are gone are missing. */
export async function readSessions(db: Database, sessionIds: readonly string[]): Promise<Map<string, Session>> {
  const rows = await query<{ session: StoredSession | null }>(
    db,
    { name: 'read_sessions', text: 'select session_snapshot_v1(id) as session from unnest($1::uuid[]) as s (id)' },
    [sessionIds.map((id) => uuid('session', id))],
  )
  const sessions = rows.flatMap(({ session }) => (session ? [renderSession(session)] : []))
  return new Map(sessions.map((session) => [session.id, session]))
}

export interface Page {
  limit: number
  order: 'asc' | 'desc'
}

/** Where a first page begins: before all there is. */
export const START = {
  asc: { no: -1, id: '00000000-0000-0000-0000-000000000000' },
  desc: { no: 2_147_483_647, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' },
}

export function beyond(order: Page['order']): '>' | '<' {
  return order === 'asc' ? '>' : '<'
}

/** Settled items that are shown, in conversation order; `after` is the last place of the page before. */
export async function listItems(
  db: Database,
  sessionId: string,
  after: { runNo: number; itemNo: number } | null,
  { limit, order }: Page,
): Promise<Item[]> {
  const rows = await query<StoredItem>(
    db,
    {
      name: `list_items_${order}`,
      text: `select id, run_id as "runId", run_no as "runNo", item_no as "itemNo", kind, status, data, created_at as "createdAt"
             from items where session_id = $1 and not hidden
             and (run_no, item_no) ${beyond(order)} ($2::int, $3::int)
             order by run_no ${order}, item_no ${order} limit $4`,
    },
    [uuid('session', sessionId), after?.runNo ?? START[order].no, after?.itemNo ?? START[order].no, limit],
  )
  return rows.map((row) => renderItem(row, sessionId))
}

/** Runs of a session by their number; `after` is the last number of the page before. */
export async function listRuns(
  db: Database,
  sessionId: string,
  after: number | null,
  { limit, order }: Page,
): Promise<Run[]> {
  const rows = await query<{ run: StoredRun }>(
    db,
    {
      name: `list_runs_${order}`,
      text: `select run_snapshot_v1(id) as run from runs where session_id = $1
             and run_no ${beyond(order)} $2::int order by run_no ${order} limit $3`,
    },
    [uuid('session', sessionId), after ?? START[order].no, limit],
  )
  return rows.map((row) => renderRun(row.run))
}
