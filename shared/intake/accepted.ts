import { AgentViewError, notFound } from '@shared/domain/errors'
import type { Item, Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import type { AcceptOutcome, Acceptance, AcceptedNews } from '@shared/store/acceptMessage'
import { findRun, readItem } from '@shared/store/runs'
import { type Talker, scopeOf } from './caller.ts'
import type { IntakeTools } from './intakeTools.ts'
import { mismatch } from './requestKey.ts'
import { sayAccepted } from './sayAccepted.ts'

export interface Accepted extends Acceptance {
  /** It had been accepted before, under the same idempotency key. */
  replayed: boolean
  /** Run and input item as they were just accepted; null: they have to be read. */
  made: { run: Run; item: Item } | null
}

/** Says what was accepted, or refuses in the caller's words. */
export function conclude(tools: IntakeTools, result: AcceptOutcome): Accepted {
  switch (result.outcome) {
    case 'accepted': {
      const { sessionId, runId, itemId, seq } = result
      sayAccepted(tools, runId, result)
      return { sessionId, runId, itemId, seq, replayed: false, made: madeBy(result) }
    }
    case 'replayed': {
      const { sessionId, runId, itemId, seq } = result
      return { sessionId, runId, itemId, seq, replayed: true, made: null }
    }
    case 'busy':
      throw sessionBusy(result.activeRunId)
    case 'full': {
      const queue = `The session has ${tunables.sessionQueue} messages that wait`
      throw new AgentViewError('rate_limited', `${queue}: send more when some of them have been answered.`)
    }
    case 'mismatch':
      throw mismatch()
    case 'absent':
      throw notFound('session')
    case 'no_end_user':
      throw notFound('end user')
  }
}

export function sessionBusy(activeRunId: string): AgentViewError {
  return new AgentViewError('session_busy', 'The session is busy with an earlier message.', { extra: { activeRunId } })
}

/** What the last events of an acceptance say. */
function madeBy({ events, itemId }: AcceptedNews & Acceptance): Accepted['made'] {
  const queued = events.at(-1)
  const created = events.findLast((event) => event.type === 'item.created' && event.data.item.id === itemId)
  if (queued?.type !== 'run.queued' || created?.type !== 'item.created') return null
  return { run: queued.data.run, item: created.data.item }
}

/** The run and input item of an acceptance: as they were accepted just now, or of an earlier one as they are now. */
export async function readAccepted(
  tools: IntakeTools,
  caller: Talker,
  accepted: Pick<Accepted, keyof Acceptance | 'made'>,
): Promise<{ run: Run; item: Item; seq: number }> {
  if (accepted.made) return { ...accepted.made, seq: accepted.seq }
  const [run, item] = await Promise.all([
    findRun(tools.db, scopeOf(caller), accepted.runId),
    readItem(tools.db, accepted.sessionId, accepted.itemId),
  ])
  if (!run || !item) throw notFound('run')
  return { run, item, seq: accepted.seq }
}
