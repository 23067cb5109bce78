import type { Run, Session, Space } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import type { Database } from './pool.ts'
import { query } from './query.ts'
import { type StoredSession, renderSession, uuid } from './render.ts'
import { type Page, START, beyond } from './sessions.ts'

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
