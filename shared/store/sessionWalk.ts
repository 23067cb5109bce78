import type { SessionFilter } from './sessionFilter.ts'
import { type Page, beyond } from './sessions.ts'

/** The rows that a list of sessions goes through until its page is full, in the order of an index. */
export interface SessionWalk {
  /** Among them `sessions s`. */
  rows: string
  key: readonly string[]
  /** Where it begins, and what else makes it this walk; by name. */
  conditions: Record<string, string>
}

/** Where values stand in the statement. */
interface Places {
  organization: string
  /** Id of the last session of the page before. */
  after: string
  /** Name of the agent; asked for once. */
  agent(): string
}

/**
 * What may be rare is walked itself: of sessions whose last run failed or was cancelled those runs, of an agent's its own
 * sessions. Left to Postgres, which does not know how rare it is, all of them would be sorted for a page of fifty, or all
 * others passed over.
 */
export function walkOf(filter: SessionFilter, order: Page['order'], places: Places): SessionWalk {
  const { status } = filter
  if (status === 'failed' || status === 'cancelled') return walkUnsuccessful(status, order, places)
  if (isOfAgentAlone(filter)) return walkAgent(order, places)
  return {
    rows: 'sessions s',
    key: ['s.id'],
    conditions: { sessions: `and s.id ${beyond(order)} ${places.after}::uuid` },
  }
}

/** Of each session at most one run passes: its last. */
function walkUnsuccessful(
  status: 'failed' | 'cancelled',
  order: Page['order'],
  { organization, after }: Places,
): SessionWalk {
  return {
    rows: 'runs u join sessions s on s.id = u.session_id',
    key: ['u.session_id'],
    conditions: {
      [status]: `and u.organization_id = ${organization} and u.status = '${status}'
      and u.session_id ${beyond(order)} ${after}::uuid
      and (select r.id = u.id from runs r where r.session_id = u.session_id order by r.run_no desc limit 1)`,
    },
  }
}

/** Whether an agent's sessions are walked: nothing else is asked that would be walked better, or that few sessions fit. */
export function isOfAgentAlone({ agent, endUserId, space, metadata, status }: SessionFilter): boolean {
  const few = endUserId !== null || (space !== null && space !== 'production') || Object.keys(metadata).length > 0
  return agent !== null && !few && (status === null || status === 'completed')
}

/**
 * As a range from an agent to the same one: only the index of agents has this order. Where all sessions but a few are
 * another agent's, any other index looks as good to Postgres, and passes over all of them.
 */
function walkAgent(order: Page['order'], { organization, after, agent }: Places): SessionWalk {
  const asked = `(select a.id from agents a where a.organization_id = ${organization} and a.name = ${agent()})`
  return {
    rows: 'sessions s',
    key: ['s.agent_id', 's.id'],
    conditions: {
      ofAgent: `and (s.agent_id, s.id) ${beyond(order)} (${asked}, ${after}::uuid)
      and s.agent_id ${order === 'asc' ? '<=' : '>='} ${asked}`,
    },
  }
}
