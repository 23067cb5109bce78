import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { tunables } from '@shared/domain/tunables'
import type { Cleanup } from '../../cluster/cleanup.ts'
import { seedFrom } from '../arena/randomNumbers.ts'
import type { Row } from '../arena/row.ts'
import type { Broker } from '../arena/site.ts'
import { Lane } from './lane.ts'
import { type FaultOptions, SHORT_LEASE_MS } from './options.ts'
import { type StrikeResult, strikeOnce } from './strikeOnce.ts'
import { type RowResult, shown, summarizeRow } from './table.ts'

interface Task {
  row: Row
  time: number
}

/** A strike that hit nothing is tried again so many times: what it is after may have been over a moment before. */
const MORE_TRIES = 2

export interface RunTools {
  /** The program of AgentView's command line: the repository's, or that of a sabotaged copy. */
  agentview: string
  cleanup: Cleanup
  /** Where histories and logs of bad strikes stay. */
  results: string
  say: (line: string) => void
}

/** Carries out all strikes, one broker after the other, on several lanes each; gives a result for each row and broker. */
export async function runAll(rows: readonly Row[], options: FaultOptions, tools: RunTools): Promise<RowResult[]> {
  const brokers: Broker[] = options.broker === 'both' ? ['redis', 'postgres'] : [options.broker]
  const all: RowResult[] = []
  for (const broker of brokers) {
    const fitting = rows.filter((row) => row.brokers.includes(broker))
    all.push(...(await runOnBroker(broker, fitting, options, tools)))
  }
  return all
}

async function runOnBroker(
  broker: Broker,
  rows: readonly Row[],
  options: FaultOptions,
  tools: RunTools,
): Promise<RowResult[]> {
  // Time by time, so that a run that is broken off has tried every row.
  const times = Array.from({ length: options.times }, (_, index) => index + 1)
  const tasks = times.flatMap((time) => rows.map((row): Task => ({ row, time })))
  const results = new Map<Row, StrikeResult[]>(rows.map((row) => [row, []]))
  const waiting = tasks.values()
  let done = 0
  const work = async () => {
    const lane = new Lane(
      { agentview: tools.agentview, broker, leaseMs: options.defaultIntervals ? null : SHORT_LEASE_MS },
      tools.cleanup,
    )
    for (const task of waiting) {
      done++
      for (let again = 0; again <= MORE_TRIES; again++) {
        const seed = seedFrom(options.seed, task.row.number, broker, task.time, ...(again > 0 ? [again] : []))
        const result = await strikeOn(lane, { ...task, seed }, broker, options, tools)
        results.get(task.row)?.push(result)
        tools.say(`[${done}/${tasks.length}] ${broker} ${describe(task, result)}`)
        if (result.outcome?.proof !== null) break
      }
    }
    await lane.replace()
  }
  await Promise.all(Array.from({ length: Math.min(options.lanes, tasks.length) }, work))
  return rows.map((row) => summarizeRow(row, broker, results.get(row) ?? []))
}

async function strikeOn(
  lane: Lane,
  { row, time, seed }: Task & { seed: number },
  broker: Broker,
  options: FaultOptions,
  { results, say }: RunTools,
): Promise<StrikeResult> {
  const leaseMs = options.defaultIntervals ? tunables.lease : SHORT_LEASE_MS
  const { recorder, ...result } = await strikeOnce(row, await lane.site(), { seed, leaseMs, slack: options.slack })
  const bad = result.violations.length > 0 || result.error !== null
  if (bad || options.keep) {
    const folder = path.join(results, `${row.number}-${broker}-${time}`)
    await mkdir(folder, { recursive: true })
    await recorder.write(path.join(folder, 'history.jsonl'))
    await lane.copyLogs(path.join(folder, 'logs'))
    if (bad)
      say(`${[...result.violations.map((one) => `  ${one.invariant} ${one.what}`), `  kept: ${folder}`].join('\n')}`)
  }
  // What a bad strike leaves behind must not be blamed on the next.
  if (bad) await lane.replace()
  return result
}

function describe({ row, time }: Task, { outcome, violations, error, seconds }: StrikeResult): string {
  const what = `${row.number} ${row.title} (${time}): `
  if (error !== null) return `${what}ERROR ${error}`
  const verdict = violations.length > 0 ? `${violations.length} VIOLATIONS` : 'ok'
  const proof = outcome?.proof ?? 'NOTHING WAS STRUCK, it does not count'
  const back = outcome?.recovery ? `, recovery ${shown(outcome.recovery.ms)} ms` : ''
  return `${what}${verdict}, ${proof}${back}, ${seconds.toFixed(1)} s`
}
