import { idOf } from '@shared/domain/ids'
import type { Item, Run, Session, Space } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
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

export interface SessionFilter {
  organizationId: string
  endUserId: string | null
  agent: string | null
  space: Space | null
  /** Of the session's last run. */
  status: Run['status'] | null
  metadata: Record<string, string>
  /** Id of the last session of the page before. */
  after: string | null
}

/**
 * Sessions in the order of their making (UUIDv7), a keyset page. Each combination of filters is a statement of its own, so
 * that each has the plan that fits it: a condition that may be left out would keep indexes from being used.
 */
export async function listSessions(db: Database, filter: SessionFilter, { limit, order }: Page): Promise<Session[]> {
  const values: unknown[] = []
  const place = (value: unknown) => `$${values.push(value)}`
  const organization = place(uuid('organization', filter.organizationId))
  const from = place(filter.after ? uuid('session', filter.after) : START[order].id)
  const conditions = { ...filtersOf(filter, place, organization) }
  const text = `
    select session_snapshot_v1(s.id) as session from sessions s
    where s.organization_id = ${organization} and s.id ${beyond(order)} ${from}::uuid and s.deleted_at is null
      ${Object.values(conditions).join('\n      ')}
    order by s.id ${order} limit ${place(limit)}`
  const name = ['list_sessions', order, ...Object.keys(conditions)].join('_')
  const rows = await query<{ session: StoredSession }>(db, { name, text }, values)
  return rows.map((row) => renderSession(row.session))
}

/** A condition for each filter that is asked for, by its name. */
function filtersOf(
  { endUserId, agent, space, metadata, status }: SessionFilter,
  place: (value: unknown) => string,
  organization: string,
): Record<string, string> {
  const conditions: Record<string, string> = {}
  if (endUserId) conditions.endUser = `and s.end_user_id = ${place(uuid('endUser', endUserId))}`
  if (agent !== null) {
    const name = place(agent)
    conditions.agent = `and s.agent_id = (
        select a.id from agents a where a.organization_id = ${organization} and a.name = ${name})`
  }
  if (space === 'production') conditions.production = `and s.space = 'production'`
  else if (space !== null) conditions.space = `and s.space = ${place(space)} and s.space <> 'production'`
  for (const [number, [key, value]] of Object.entries(metadata).entries()) {
    // What is looked for stands in an address, as text: it may be that of a string, a number, true or false.
    const wanted = place(spellingsOf(key, value))
    conditions[`metadata${number}`] = `and s.metadata @> any (${wanted}::jsonb[]) and s.metadata <> '{}'`
  }
  if (status !== null) {
    const wanted = place(status)
    const last = `and ${wanted} = (select r.status from runs r where r.session_id = s.id order by r.run_no desc limit 1)`
    conditions[status] = `${last}\n      ${candidates(status, organization, wanted)}`
  }
  return conditions
}

/**
 * What is rare is found by itself: a session whose last run lives has one that is next, and what failed or was cancelled
 * has an index of its own. Sessions that completed are the many: they are looked for from the page's beginning on.
 */
function candidates(status: Run['status'], organization: string, wanted: string): string {
  if (!isEnded(status))
    return `and s.id = any (array(
        select l.session_id from runs l where l.status in ('queued', 'running', 'paused') and l.is_next))`
  if (status === 'completed') return ''
  return `and exists (select from runs u where u.organization_id = ${organization} and u.session_id = s.id
        and u.status = ${wanted} and u.status in ('failed', 'cancelled'))`
}

/** Metadata that reads like this text. */
function spellingsOf(key: string, value: string): string[] {
  const spellings = [JSON.stringify({ [key]: value })]
  if (/^(true|false|-?(0|[1-9]\d{0,14})(\.\d{1,15})?)$/.test(value)) spellings.push(`{${JSON.stringify(key)}:${value}}`)
  return spellings
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
