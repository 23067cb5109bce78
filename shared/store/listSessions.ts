import type { Session } from '@shared/domain/objects'
import type { Database } from './pool.ts'
import { type StoredSession, renderSession, uuid } from './render.ts'
import type { SessionFilter } from './sessionFilter.ts'
import { isOfAgentAlone, walkOf } from './sessionWalk.ts'
import { type Page, START } from './sessions.ts'

/**
 * Sessions in the order of their making (UUIDv7), a keyset page. Each combination of filters is a statement of its own, so
 * that each has the plan that fits it: a condition that may be left out would keep indexes from being used.
 */
export async function listSessions(db: Database, filter: SessionFilter, { limit, order }: Page): Promise<Session[]> {
  const values: unknown[] = []
  const place = (value: unknown) => `$${values.push(value)}`
  const organization = place(uuid('organization', filter.organizationId))
  const after = place(filter.after ? uuid('session', filter.after) : START[order].id)
  const walk = walkOf(filter, order, { organization, after, agent: () => place(filter.agent) })
  const conditions = { ...walk.conditions, ...filtersOf(filter, place, organization) }
  const text = `
    select session_snapshot_v1(s.id) as session from ${walk.rows}
    where s.organization_id = ${organization} and s.deleted_at is null
      ${Object.values(conditions).join('\n      ')}
    order by ${walk.key.map((column) => `${column} ${order}`).join(', ')} limit ${place(limit)}`
  const name = ['list_sessions', order, ...Object.keys(conditions)].join('_')
  // Only its value tells how many have some metadata: such a statement is planned each time, for what it asks.
  const kept = Object.keys(filter.metadata).length === 0 ? { name } : {}
  const { rows } = await db.query<{ session: StoredSession }>({ ...kept, text, values })
  return rows.map((row) => renderSession(row.session))
}

/** A condition for each filter that is asked for, by its name. */
function filtersOf(
  filter: SessionFilter,
  place: (value: unknown) => string,
  organization: string,
): Record<string, string> {
  const { endUserId, agent, space, metadata, status } = filter
  const conditions: Record<string, string> = {}
  if (endUserId) conditions.endUser = `and s.end_user_id = ${place(uuid('endUser', endUserId))}`
  if (agent !== null && !isOfAgentAlone(filter)) {
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
  if (status !== null && status !== 'failed' && status !== 'cancelled')
    conditions[status] = lastRunIs(status, organization)
  return conditions
}

/**
 * A session whose last run lives has one that is next: what lives is found by itself. Sessions that completed are the
 * many: they are looked for from the page's beginning on. As a truth of the last run, which Postgres expects of every
 * other session; that it is equal to something would be expected of one in two hundred.
 */
function lastRunIs(status: 'queued' | 'running' | 'paused' | 'completed', organization: string): string {
  const last = `and (select r.status = '${status}' from runs r where r.session_id = s.id order by r.run_no desc limit 1)`
  if (status === 'completed') return last
  // What runs or is paused is held, which is bounded by what workers carry out; queues may be long.
  const live =
    status === 'queued' ? `l.status in ('queued', 'running', 'paused') and l.is_next` : `l.status = '${status}'`
  return `${last}
      and s.id = any (array(select l.session_id from runs l where ${live} and l.organization_id = ${organization}))`
}

/** Metadata that reads like this text. */
export function spellingsOf(key: string, value: string): string[] {
  const spellings = [JSON.stringify({ [key]: value })]
  if (/^(true|false|-?(0|[1-9]\d{0,14})(\.\d{1,15})?)$/.test(value)) spellings.push(`{${JSON.stringify(key)}:${value}}`)
  return spellings
}
