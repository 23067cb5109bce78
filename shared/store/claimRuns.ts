import type { SessionEvent } from '@shared/domain/events'
import { idOf } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { type HistoryItem, readHistoryLines } from './history.ts'
import type { Database } from './pool.ts'
import { query } from './query.ts'
import { iso, uuid } from './render.ts'
import { type Written, renderWritten } from './storeEvents.ts'

export interface ClaimedRun {
  run: {
    id: string
    organizationId: string
    runNo: number
    type: string
    epoch: number
    attempt: number
    leg: number
    failures: number
    agentVersionId: string
    version: string
    metadata: JsonObject
    nextItemNo: number
    deadlineAt: string
  }
  session: {
    id: string
    handle: string
    agent: string
    metadata: JsonObject
    state: Json
    endUser: { id: string; externalId: string | null; metadata: JsonObject }
  }
  /** How many memories there are of the end user. */
  memories: number
  inputs: JsonObject[]
  /** Of the pause before this leg, in the order of its calls; what the agent app gets as `toolResults`. */
  toolResults: JsonObject[]
  /** The newest items of the session's earlier runs, oldest first, `whole` when there are no more. Null: some are large. */
  history: { items: HistoryItem[]; whole: boolean } | null
  events: SessionEvent[]
}

/** Takes up to `limit` due runs for a worker, hinted ones first. Empty when nothing is due or the worker has lapsed. */
export async function claimRuns(
  db: Database,
  workerId: string,
  hints: readonly string[],
  limit: number,
): Promise<ClaimedRun[]> {
  const rows = await query<{ claimed: StoredClaim; history: string | null }>(
    db,
    { name: 'claim_runs_v4', text: 'select claimed, history from claim_runs_v4($1, $2, $3, $4)' },
    [uuid('worker', workerId), hints.map((id) => uuid('run', id)), limit, tunables.claimedHistory],
  )
  return rows.map(({ claimed, history }) => renderClaim(claimed, history))
}

/** Takes one run that has lost `tunables.quarantineLapses` workers; such runs are carried out alone. */
export async function claimQuarantined(db: Database, workerId: string): Promise<ClaimedRun[]> {
  const rows = await query<{ claimed: StoredClaim }>(
    db,
    { name: 'claim_quarantined_v2', text: 'select claimed from claim_quarantined_v2($1) as claimed' },
    [uuid('worker', workerId)],
  )
  return rows.map(({ claimed }) => renderClaim(claimed, null))
}

/** With UUIDs for ids, and its events as written. */
type StoredClaim = Omit<ClaimedRun, 'events' | 'history' | 'memories' | 'session'> &
  Written & { session: ClaimedRun['session'] & { endUser: { memories: number } } }

function renderClaim(
  { run, session, inputs, toolResults, ...written }: StoredClaim,
  history: string | null,
): ClaimedRun {
  const sessionId = idOf('session', session.id)
  const { memories, ...endUser } = session.endUser
  return {
    run: {
      ...run,
      id: idOf('run', run.id),
      organizationId: idOf('organization', run.organizationId),
      agentVersionId: idOf('agentVersion', run.agentVersionId),
      deadlineAt: iso(run.deadlineAt),
    },
    session: { ...session, id: sessionId, endUser: { ...endUser, id: idOf('endUser', endUser.id) } },
    memories,
    inputs,
    toolResults,
    history: history === null ? null : historyIn(history),
    events: renderWritten(written, sessionId, run.id, run.attempt),
  }
}

function historyIn(lines: string): ClaimedRun['history'] {
  const items = readHistoryLines(lines)
  return { items, whole: items.length <= tunables.claimedHistory }
}
