import type { SessionEvent } from '@shared/domain/events'
import { newId } from '@shared/domain/ids'
import type { Json } from '@shared/domain/json'
import type { Score } from '@shared/domain/objects'
import { type IdempotencyKey, storedKey } from './idempotencyKey.ts'
import type { Database } from './pool.ts'
import { callFunction } from './query.ts'
import { AUTHORS, type StoredScore, renderScore, uuid } from './render.ts'
import { type Written, renderWritten } from './storeEvents.ts'

export interface NewScore {
  organizationId: string
  /** Whose session the item must be in; null: anybody's of the organization. */
  endUserId: string | null
  itemId: string
  name: string
  value: Json
  comment: string | null
  by: Score['by']
}

export type ScoreOutcome =
  | { outcome: 'created' | 'replaced' | 'unchanged'; score: Score; events: SessionEvent[] }
  // `created`: whether it was by the request that is asked again
  | { outcome: 'replayed'; created: boolean; score: Score; events: SessionEvent[] }
  | { outcome: 'absent' }
  | { outcome: 'mismatch' }

type Stored =
  | ({ outcome: 'created' | 'replaced'; sessionId: string; score: StoredScore } & Written)
  | { outcome: 'unchanged'; sessionId: string; score: StoredScore }
  | { outcome: 'replayed'; created: boolean; sessionId: string; score: StoredScore }
  | { outcome: 'absent' }
  | { outcome: 'mismatch' }

/** Scores a settled item, once for each name and author: again replaces. `absent`: no such item that the caller may see. */
export async function scoreItem(db: Database, score: NewScore, key?: IdempotencyKey): Promise<ScoreOutcome> {
  const organizationId = uuid('organization', score.organizationId)
  const { by, itemId, endUserId, ...rest } = score
  const parameter = {
    ...rest,
    organizationId,
    endUserId: endUserId && uuid('endUser', endUserId),
    itemId: uuid('item', itemId),
    scoreId: uuid('score', newId('score')),
    authorKind: by.kind,
    authorId: uuid(AUTHORS[by.kind], by.id),
  }
  const result = await callFunction<Stored>(db, 'score_item_v1', parameter, key ? storedKey(key, organizationId) : null)
  if (!('score' in result)) return result
  const rendered = renderScore(result.score)
  if (result.outcome === 'replayed') return { ...result, score: rendered, events: [] }
  const events = 'events' in result ? renderWritten(result, rendered.sessionId, null, null) : []
  return { outcome: result.outcome, score: rendered, events }
}
