import type { AgentDefinition } from '@shared/domain/agents'
import { idOf } from '@shared/domain/ids'
import type { Json, JsonObject } from '@shared/domain/json'
import type { ToldMemory } from '@shared/domain/memories'
import type { Attempt } from '@shared/domain/objects'
import type { HistoryItem } from '../history.ts'
import { readToldMemories } from '../memories.ts'
import type { Database } from '../pool.ts'
import { inTransaction, query, queryOne } from '../query.ts'
import { type StoredAttempt, renderAttempt, uuid } from '../render.ts'
import type { Client } from './audit.ts'

/** What a request to an agent app is made of, as far as it can be known afterwards. */
export interface RequestParts {
  run: { id: string; attempt: number; leg: number; type: string; metadata: JsonObject }
  session: {
    id: string
    handle: string
    metadata: JsonObject
    state: Json
    agent: string
    endUser: { id: string; externalId: string | null; metadata: JsonObject }
  }
  inputs: JsonObject[]
  runItems: JsonObject[]
  toolResults: JsonObject[]
  /** Those of today. */
  memories: ToldMemory[]
  history: HistoryItem[]
}

export interface AttemptRecord {
  runNo: number
  attempt: Attempt
  definition: AgentDefinition
  parts: RequestParts
  /** What was kept of the answer; null when none came, or it was forgotten. */
  responseBody: Buffer | null
}

interface RunRow {
  session_id: string
  run_no: number
  type: string
  metadata: JsonObject
  first_seq: number
  definition: AgentDefinition
  attempt: StoredAttempt
  response_body: Buffer | null
  session: { handle: string; metadata: JsonObject; state: Json; agent: string }
  end_user: { id: string; externalId: string | null; metadata: JsonObject }
}

const RUN = `
  select r.session_id, r.run_no, r.type, r.metadata, r.first_seq, v.definition,
    attempt_json_v1(a, r.created_at) as attempt, a.response_body,
    jsonb_build_object('handle', s.handle, 'metadata', s.metadata, 'state', s.state,
      'agent', (select name from agents where id = s.agent_id)) as session,
    (select jsonb_build_object('id', u.id, 'externalId', u.external_id, 'metadata', u.metadata)
      from end_users u where u.id = s.end_user_id) as end_user
  from runs r join sessions s on s.id = r.session_id join attempts a on a.run_id = r.id
  join agent_versions v on v.id = r.agent_version_id
  where r.id = $1 and r.organization_id = $2 and a.attempt = $3 and s.deleted_at is null`

/**
 * An attempt with all that its request was made of. State, metadata and hidden items are those of the moment of its claim, by
 * the log; where the log was forgotten, those of today. Null: there is no such attempt in this organization.
 */
export async function readAttempt(
  db: Database,
  organizationId: string,
  runId: string,
  attempt: number,
): Promise<AttemptRecord | null> {
  return inTransaction(db, 'begin isolation level repeatable read read only', async (client) => {
    const values = [uuid('run', runId), uuid('organization', organizationId), attempt]
    const row = await queryOne<RunRow>(client, { name: 'read_attempt', text: RUN }, values)
    return row && complete(client, row, runId)
  })
}

async function complete(client: Client, row: RunRow, runId: string): Promise<AttemptRecord> {
  const { attempt, definition } = row
  const claimed = await claimSeq(client, row, runId)
  const hiddenLater = claimed === null ? [] : await readHiddenAfter(client, row.session_id, claimed)
  const then = claimed === null ? null : await readSessionAt(client, row.session_id, claimed)
  const { handle, agent } = row.session
  const items = await readRunItems(client, runId, attempt.leg, hiddenLater)
  return {
    runNo: row.run_no,
    attempt: renderAttempt(attempt),
    definition,
    responseBody: row.response_body,
    parts: {
      run: { id: runId, attempt: attempt.attempt, leg: attempt.leg, type: row.type, metadata: row.metadata },
      session: {
        id: idOf('session', row.session_id),
        handle,
        metadata: then?.metadata ?? row.session.metadata,
        // a state of null is one as well
        state: then?.state === undefined ? row.session.state : then.state,
        agent,
        endUser: { ...row.end_user, id: idOf('endUser', row.end_user.id) },
      },
      inputs: items.filter(({ kind }) => kind === 'input').map(({ data }) => data),
      runItems: items.filter(({ kind }) => kind !== 'input').map(({ data }) => data),
      toolResults: attempt.leg === 0 ? [] : await readToolResults(client, runId, attempt.leg),
      memories: await readToldMemories(client, idOf('endUser', row.end_user.id)),
      history: await readHistoryBefore(client, row, definition.policy.history.maxItems + 1, hiddenLater),
    },
  }
}

/** The seq of the event that says that the attempt has begun; null when it was forgotten. */
async function claimSeq(client: Client, row: RunRow, runId: string): Promise<number | null> {
  const found = await queryOne<{ seq: number }>(
    client,
    {
      name: 'attempt_claim_seq',
      text: `select seq from session_events where session_id = $1 and seq >= $2 and run_id = $3 and attempt = $4
             and type in ('run.started', 'run.attempt') order by seq limit 1`,
    },
    [row.session_id, row.first_seq, uuid('run', runId), row.attempt.attempt],
  )
  return found && found.seq
}

async function readHiddenAfter(client: Client, sessionId: string, seq: number): Promise<string[]> {
  const rows = await query<{ id: string }>(
    client,
    {
      name: 'hidden_after',
      text: `select jsonb_array_elements_text(data -> 'itemIds') as id from session_events
             where session_id = $1 and seq > $2 and type = 'items.hidden'`,
    },
    [sessionId, seq],
  )
  return rows.map(({ id }) => id)
}

/** What the log says of a session's state and metadata just before a place; what it doesn't say is undefined. */
async function readSessionAt(
  client: Client,
  sessionId: string,
  seq: number,
): Promise<{ state: Json | undefined; metadata: JsonObject | undefined }> {
  const newest = (name: string, types: string, value: string) =>
    queryOne<{ value: Json }>(
      client,
      {
        name,
        text: `select ${value} as value from session_events where session_id = $1 and seq < $2 and type in (${types})
               order by seq desc limit 1`,
      },
      [sessionId, seq],
    )
  const state = await newest(
    'state_at',
    `'session.created', 'session.updated', 'state.updated'`,
    `case type when 'state.updated' then data -> 'state' else data -> 'session' -> 'state' end`,
  )
  const metadata = await newest(
    'metadata_at',
    `'session.created', 'session.updated'`,
    `data -> 'session' -> 'metadata'`,
  )
  return { state: state?.value, metadata: (metadata?.value ?? undefined) as JsonObject | undefined }
}

/** Its inputs, and what its earlier legs had made. */
async function readRunItems(client: Client, runId: string, leg: number, hiddenLater: string[]) {
  return query<{ kind: string; data: JsonObject }>(
    client,
    {
      name: 'attempt_run_items',
      text: `select kind, data from items where run_id = $1 and (kind = 'input' or leg < $2)
             and (kind = 'input' or not hidden or id = any ($3::uuid[])) order by item_no`,
    },
    [uuid('run', runId), leg, hiddenLater],
  )
}

async function readToolResults(client: Client, runId: string, leg: number): Promise<JsonObject[]> {
  const row = await queryOne<{ results: JsonObject[] }>(
    client,
    { name: 'attempt_tool_results', text: 'select tool_results_v1($1, $2) as results' },
    [uuid('run', runId), leg],
  )
  return row?.results ?? []
}

async function readHistoryBefore(
  client: Client,
  { session_id, run_no }: RunRow,
  limit: number,
  hiddenLater: string[],
): Promise<HistoryItem[]> {
  const rows = await query<{ run_no: number; json: string; status: string; bytes: number }>(
    client,
    {
      name: 'attempt_history',
      text: `select run_no, data::text as json, status, octet_length(data::text) as bytes from items
             where session_id = $1 and run_no < $2 and (not hidden or id = any ($3::uuid[]))
             order by run_no desc, item_no desc limit $4`,
    },
    [session_id, run_no, hiddenLater, limit],
  )
  return rows
    .map((row) => ({ runNo: row.run_no, json: row.json, incomplete: row.status === 'incomplete', bytes: row.bytes }))
    .toReversed()
}
