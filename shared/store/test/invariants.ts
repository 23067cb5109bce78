import { expect } from '@jest/globals'
import { isTerminal } from '@shared/domain/events'
import { isEnded } from '@shared/domain/runStates'
import type { RunStatus } from '@shared/domain/objects'
import { type TestEngine, bare } from './testEngine.ts'

interface HeadRow {
  last_seq: number
  next_run_no: number
  held_run_id: string | null
  held_epoch: number
  queued_count: number
}

interface RunRow {
  id: string
  run_no: number
  status: RunStatus
  epoch: number
  attempt: number
  is_next: boolean
  ended_seq: number | null
}

/** What must be true of a session at every instant (RELIABILITY.md: I2, I3, I5, and the head's own books). */
export async function expectSound(engine: TestEngine, sessionId: string): Promise<void> {
  const id = bare(sessionId)
  const [head] = await engine.rows<HeadRow>('select * from session_heads where session_id = $1', id)
  const runs = await engine.rows<RunRow>('select * from runs where session_id = $1 order by run_no', id)
  if (!head) return expectDeleted(runs)
  const log = await engine.log(sessionId)

  expect(log.map((event) => event.seq)).toEqual(Array.from({ length: head.last_seq }, (_, i) => i + 1))
  expect(runs.map((run) => run.run_no)).toEqual(runs.map((_, i) => i + 1))
  expect(head.next_run_no).toBe(runs.length + 1)

  const live = runs.filter((run) => !isEnded(run.status))
  const held = live.filter((run) => run.status !== 'queued' || run.epoch > 0)
  expect(held.length).toBeLessThanOrEqual(1)
  expect(held[0]?.id ?? null).toBe(head.held_run_id)
  if (held[0]) expect(held[0]).toBe(live[0])
  if (held[0]) expect(held[0].epoch).toBe(head.held_epoch)
  expect(head.queued_count).toBe(live.length - held.length)
  expect(live.filter((run) => run.is_next).map((run) => run.id)).toEqual(live.slice(0, 1).map((run) => run.id))

  for (const run of runs) {
    const terminals = log.filter((event) => isTerminal(event) && event.runId && bare(event.runId) === run.id)
    expect(terminals.map((event) => event.type)).toEqual(isEnded(run.status) ? [`run.${run.status}`] : [])
    expect(terminals.map((event) => event.seq)).toEqual(isEnded(run.status) ? [run.ended_seq] : [])
  }
  const open = await engine.rows<{ run_id: string }>(
    `select a.run_id from attempts a join runs r on r.id = a.run_id where r.session_id = $1 and a.outcome = 'running'`,
    id,
  )
  expect(open.map((row) => row.run_id)).toEqual(live.filter((run) => run.status === 'running').map((run) => run.id))
}

/** Nobody does anything to a deleted session: nothing of it is left to be done. */
function expectDeleted(runs: readonly RunRow[]): void {
  expect(runs.filter((run) => !isEnded(run.status))).toEqual([])
}

/** Row counts of every table: what a refused request must leave as it was. */
export async function countRows(engine: TestEngine): Promise<Record<string, number>> {
  const tables = await engine.rows<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p') order by 1`,
  )
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    const [row] = await engine.rows<{ count: number }>(`select count(*)::int as count from ${name}`)
    counts[name] = row!.count
  }
  return counts
}
