import type { JsonObject } from '@shared/domain/json'
import type { Database } from './pool.ts'
import { query } from './query.ts'
import { uuid } from './render.ts'

/** An item of an earlier run, as an agent app is told of it. */
export interface HistoryItem {
  runNo: number
  /** Its data as Postgres writes it. Nobody on its way to the agent app looks into it, so it isn't taken apart. */
  json: string
  incomplete: boolean
  bytes: number
}

/**
 * The newest items of a session's earlier runs, oldest first, up to either limit and one more, which tells that there
 * are more. The caller cuts to whole runs. All earlier runs have ended: a session's turns are strictly in order.
 */
export async function readHistory(
  db: Database,
  sessionId: string,
  beforeRunNo: number,
  maxItems: number,
  maxBytes: number | null = null,
): Promise<HistoryItem[]> {
  const rows = await query<{ run_no: number; json: string; status: string; bytes: number }>(
    db,
    {
      name: 'read_history_v1',
      text: 'select run_no, data::text as json, status, bytes from read_history_v1($1, $2, $3, $4)',
    },
    [uuid('session', sessionId), beforeRunNo, maxItems, maxBytes],
  )
  return rows
    .map((row) => ({ runNo: row.run_no, json: row.json, incomplete: row.status === 'incomplete', bytes: row.bytes }))
    .toReversed()
}

/** What claim_runs_v4 writes: a line for each item, newest first: its run's number, `!` when it was cut short, its data. */
export function readHistoryLines(text: string): HistoryItem[] {
  return text === '' ? [] : text.split('\n').map(readLine).toReversed()
}

function readLine(line: string): HistoryItem {
  const at = line.indexOf('{')
  const incomplete = line[at - 1] === '!'
  const json = line.slice(at)
  return { runNo: Number(line.slice(0, at - 1)), json, incomplete, bytes: Buffer.byteLength(json) }
}

/** Items of this run's earlier legs, in order: what the agent app gets as `runItems` after a pause. */
export async function readRunItems(db: Database, runId: string): Promise<JsonObject[]> {
  const rows = await query<{ data: JsonObject }>(
    db,
    {
      name: 'read_run_items',
      text: `select data from items where run_id = $1 and kind <> 'input' and not hidden order by item_no`,
    },
    [uuid('run', runId)],
  )
  return rows.map((row) => row.data)
}
