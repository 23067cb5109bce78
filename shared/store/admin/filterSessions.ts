import type { Knex } from 'knex'
import type { Json } from '@shared/domain/json'
import type { RunStatus, Space } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import { spellingsOf } from '../listSessions.ts'
import { uuid } from '../render.ts'
import { SEEN_SEQ } from './marks.ts'

/** How the value of a score is compared. */
export type Comparison = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte'

/** What narrows a list of sessions; what is undefined does not. */
export interface SessionFilter {
  organizationId: string
  memberId: string
  agent?: string | undefined
  version?: string | undefined
  space?: Space | undefined
  status?: RunStatus | undefined
  endUserId?: string | undefined
  from?: string | undefined
  to?: string | undefined
  starred?: boolean | undefined
  unread?: boolean | undefined
  commented?: boolean | undefined
  score?: { name: string; compare?: { by: Comparison; value: Json } | undefined } | undefined
  metadata: Record<string, string>
}

const SIGNS: Readonly<Record<Comparison, string>> = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' }

/**
 * Sessions `s` with their heads `h`, discussions `d`, and the member's mark `m` and row `me`. Each filter is a condition that an
 * index answers, or one that is looked at session by session from the page's beginning on.
 */
export function filterSessions(reads: Knex, filter: SessionFilter): Knex.QueryBuilder {
  const { organizationId, memberId, agent, version, space, status, endUserId, from, to } = filter
  const organization = uuid('organization', organizationId)
  const list = reads('sessions as s')
    .join('session_heads as h', 'h.session_id', 's.id')
    .joinRaw('join members me on me.id = ?', [uuid('member', memberId)])
    .leftJoin('discussions as d', 'd.session_id', 's.id')
    .joinRaw('left join session_marks m on m.session_id = s.id and m.member_id = me.id')
    .where('s.organization_id', organization)
    .whereNull('s.deleted_at')
  const keep = (condition: string, values: Knex.RawBinding[] = []) => void list.whereRaw(condition, values)

  if (agent !== undefined)
    keep('s.agent_id = (select a.id from agents a where a.organization_id = ? and a.name = ?)', [organization, agent])
  if (version !== undefined) keep('s.version = ?', [version])
  if (space !== undefined) keep(`s.space = ?${space === 'production' ? '' : " and s.space <> 'production'"}`, [space])
  if (endUserId !== undefined) keep('s.end_user_id = ?', [uuid('endUser', endUserId)])
  // Ids begin with the time of their making by the clock of who made them, so a span of time is nearly a span of the list.
  if (from !== undefined) keep('s.created_at >= ? and s.id >= ?', [from, firstIdOf(Date.parse(from) - CLOCKS_DIFFER)])
  if (to !== undefined) keep('s.created_at < ? and s.id < ?', [to, firstIdOf(Date.parse(to) + CLOCKS_DIFFER)])
  if (status !== undefined) keepStatus(keep, organization, status)
  for (const [key, value] of Object.entries(filter.metadata)) {
    keep(`s.metadata @> any (?::jsonb[]) and s.metadata <> '{}'`, [spellingsOf(key, value) as never])
  }
  if (filter.starred !== undefined) keep(filter.starred ? 'm.starred' : 'not coalesce(m.starred, false)')
  if (filter.unread !== undefined) keep(`h.last_seq ${filter.unread ? '>' : '<='} ${SEEN_SEQ}`)
  if (filter.commented !== undefined) keep(filter.commented ? 'd.open_threads > 0' : 'coalesce(d.open_threads, 0) = 0')
  if (filter.score) keepScore(keep, organization, filter.score)
  return list
}

type Keep = (condition: string, values?: Knex.RawBinding[]) => void

/** What is rare among all sessions is found by an index of its own. */
function keepStatus(keep: Keep, organization: string, status: RunStatus): void {
  keep('? = (select r.status from runs r where r.session_id = s.id order by r.run_no desc limit 1)', [status])
  if (!isEnded(status)) {
    keep(`s.id in (select l.session_id from runs l where l.status in ('queued', 'running', 'paused') and l.is_next)`)
  } else if (status !== 'completed') {
    keep(
      `exists (select from runs u where u.organization_id = ? and u.session_id = s.id and u.status = ?
        and u.status in ('failed', 'cancelled'))`,
      [organization, status],
    )
  }
}

/** Numbers are compared with numbers, text with text: a score of another kind is none of those looked for. */
function keepScore(keep: Keep, organization: string, { name, compare }: NonNullable<SessionFilter['score']>): void {
  const base = 'select c.session_id from scores c where c.organization_id = ? and c.name = ?'
  if (!compare) return keep(`s.id in (${base})`, [organization, name])
  const value = JSON.stringify(compare.value)
  keep(
    `s.id in (${base} and jsonb_typeof(c.value) = jsonb_typeof(?::jsonb) and c.value ${SIGNS[compare.by]} ?::jsonb)`,
    [organization, name, value, value],
  )
}

/** What the clocks of our processes and Postgres' may differ by. */
const CLOCKS_DIFFER = 600_000

/** The first UUIDv7 of a time's millisecond. */
function firstIdOf(time: number): string {
  const millis = Math.max(0, time).toString(16).padStart(12, '0')
  return `${millis.slice(0, 8)}-${millis.slice(8)}-7000-8000-000000000000`
}
