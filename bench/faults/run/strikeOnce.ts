import { setTimeout as sleep } from 'node:timers/promises'
import { Arena } from '../arena/arena.ts'
import { randomNumbers } from '../arena/randomNumbers.ts'
import type { Outcome, Row } from '../arena/row.ts'
import type { Site } from '../arena/site.ts'
import { checkHistory } from '../checker/checkHistory.ts'
import type { Violation } from '../checker/violation.ts'
import { Recorder } from '../history/recorder.ts'

/** One strike, and all that is known of it. */
export interface StrikeResult {
  outcome: Outcome | null
  violations: Violation[]
  /** What kept it from being carried out or judged, or a process that ended by itself. */
  error: string | null
  seconds: number
}

/** With what clients recorded: megabytes, to be kept only as long as they may be written down. */
export type RecordedStrike = StrikeResult & { recorder: Recorder }

export interface StrikeOptions {
  /** Of its random choices. */
  seed: number
  leaseMs: number
  slack: number
}

/** Longer than any strike that works: patience for an event, for all runs to end, and restarts of everything. */
const STRIKE_MS = 300_000

/**
 *   row.strike ─▶ heal ─▶ settle ─▶ check
 * Everything is made well before the histories are read to their end: a promise is about what comes out, not when.
 */
export async function strikeOnce(row: Row, site: Site, options: StrikeOptions): Promise<RecordedStrike> {
  const startedAt = performance.now()
  const recorder = new Recorder()
  const arena = new Arena(site, recorder, randomNumbers(options.seed), options.leaseMs)
  let outcome: Outcome | null = null
  let error: string | null = null
  try {
    const striking = carryOut(row, arena)
    striking.catch(() => undefined)
    outcome = await Promise.race([striking, late()])
  } catch (caught) {
    error = caught instanceof Error ? caught.message : String(caught)
    await arena.abandon()
  }
  const violations = error === null ? checkHistory(recorder.entries, options.slack) : []
  return { outcome, violations, error, seconds: (performance.now() - startedAt) / 1_000, recorder }
}

async function carryOut(row: Row, arena: Arena): Promise<Outcome> {
  const outcome = await row.strike(arena)
  const crashed = await arena.site.heal()
  await arena.settle()
  if (outcome.proof !== null) arena.recorder.note({ kind: 'struck', what: outcome.proof })
  if (outcome.recovery) arena.recorder.note({ kind: 'recovered', ...outcome.recovery })
  if (crashed.length > 0) throw new Error(`processes ended by themselves: ${crashed.join(', ')}`)
  return outcome
}

async function late(): Promise<never> {
  await sleep(STRIKE_MS, undefined, { ref: false })
  throw new Error(`it was not over after ${STRIKE_MS / 1_000} s`)
}
