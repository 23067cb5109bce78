import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query } from './query.ts'
import { type EndOutcome, type RunEnd, type StoredOutcome, renderOutcome, storedEnd } from './runTransitions.ts'

/** What a worker ends a run with. */
export type WorkerEnd = RunEnd & { right: { epoch: number } }

/** An end as the store's SQL takes it. */
export interface SealedEnd {
  end: WorkerEnd
  json: string
}

export function sealEnd(end: WorkerEnd): SealedEnd {
  return { end, json: JSON.stringify(storedEnd(end)) }
}

/**
 * Ends runs that a worker has carried out, all in one transaction; gives the outcome of each, in the order of `ends`. The
 * runs must differ. Throws what Postgres says when it refuses one of them: then none has ended.
 */
export async function endRuns(db: Database, ends: readonly SealedEnd[]): Promise<EndOutcome[]> {
  const rows = await query<{ ended: StoredOutcome & { runId: string } }>(
    db,
    { name: 'end_runs_v1', text: 'select ended from end_runs_v1($1::jsonb) as ended' },
    [`[${ends.map(({ json }) => json).join(',')}]`],
  )
  const outcomes = new Map(rows.map(({ ended: { runId, ...outcome } }) => [idOf('run', runId), outcome]))
  return ends.map(({ end }) => {
    const outcome = outcomes.get(end.runId)
    if (!outcome) throw new Error(`${end.runId} has no outcome`)
    return renderOutcome(outcome, end)
  })
}
