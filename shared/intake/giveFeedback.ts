import { sayCommitted } from '@shared/broker/sayCommitted'
import type { GiveFeedback } from '@shared/contracts/messages'
import { notFound } from '@shared/domain/errors'
import type { Score } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { scoreItem } from '@shared/store/scores'
import { type Talker, scopeOf } from './caller.ts'
import { refuseLarge } from './input.ts'
import type { IntakeTools } from './intakeTools.ts'
import { type RequestKey, keyOf, mismatch } from './requestKey.ts'

/** The name of the score that an end user's verdict becomes. */
const FEEDBACK = 'feedback'

/** What somebody thinks of an item that is settled: one verdict for each who gives one, the last one counts. */
export async function giveFeedback(
  tools: IntakeTools,
  caller: Talker,
  itemId: string,
  { value, comment }: GiveFeedback,
  key: RequestKey,
): Promise<{ score: Score; created: boolean; replayed: boolean }> {
  refuseLarge('/value', value, tunables.scoreBytes)
  const by: Score['by'] =
    caller.kind === 'endUser' ? { kind: 'endUser', id: caller.endUserId } : { kind: 'apiKey', id: caller.keyId }
  const score = { ...scopeOf(caller), itemId, name: FEEDBACK, value, comment: comment ?? null, by }
  const result = await scoreItem(tools.db, score, keyOf(caller, key))
  if (result.outcome === 'absent') throw notFound('item')
  if (result.outcome === 'mismatch') throw mismatch()
  sayCommitted(tools.broker, tools.log, result.events, [])
  const replayed = result.outcome === 'replayed'
  return { score: result.score, created: replayed ? result.created : result.outcome === 'created', replayed }
}
