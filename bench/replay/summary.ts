import type { Mismatch } from '../client/difference.ts'
import { percentile } from '../percentile.ts'
import type { ConversationResult } from './playConversation.ts'

/** Milliseconds. Null where nothing was measured. */
export interface Percentiles {
  p50: number | null
  p95: number | null
  p99: number | null
}

export interface Summary {
  ok: boolean
  conversations: number
  turns: number
  seconds: number
  turnsPerSecond: number
  /** From POST to the run's terminal event, and to the first words of its reply. */
  latencyMs: { end: Percentiles; firstText: Percentiles }
  reconnects: number
  /** Requests that had to be sent again. */
  retries: number
  workersKilled: number
  mismatches: { count: number; first: Mismatch[] }
  failures: { count: number; first: string[] }
}

const SHOWN = 10
const SHOWN_CHARACTERS = 600

/** What a replay came to. It is ok when every conversation was played to its end and nothing differed. */
export function summarize(
  results: readonly ConversationResult[],
  measured: { seconds: number; unplayed: number; retries: number; workersKilled: number },
): Summary {
  const turns = results.flatMap((result) => result.turns)
  const mismatches = results.flatMap((result) => result.mismatches)
  const failed = results.filter((result) => result.failure !== null)
  const failures = failed.map((result) => `${result.id}, ${result.failure}`)
  if (measured.unplayed > 0) failures.unshift(`${measured.unplayed} conversations were not played at all`)
  return {
    ok: results.length > 0 && mismatches.length === 0 && failures.length === 0,
    conversations: results.length,
    turns: turns.length,
    seconds: measured.seconds,
    turnsPerSecond: measured.seconds > 0 ? turns.length / measured.seconds : 0,
    latencyMs: {
      end: percentiles(turns.map((turn) => turn.end)),
      firstText: percentiles(turns.map((turn) => turn.firstText).filter((value) => value !== null)),
    },
    reconnects: results.reduce((sum, result) => sum + result.reconnects, 0),
    retries: measured.retries,
    workersKilled: measured.workersKilled,
    mismatches: { count: mismatches.length, first: mismatches.slice(0, SHOWN) },
    failures: { count: failures.length, first: failures.slice(0, SHOWN) },
  }
}

function percentiles(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 50), p95: percentile(values, 95), p99: percentile(values, 99) }
}

/** The summary for a person, as lines. */
export function formatSummary(summary: Summary): string[] {
  const { latencyMs, mismatches, failures } = summary
  const rate = `${summary.turnsPerSecond.toFixed(1)} turns/s`
  return [
    `${summary.conversations} conversations, ${summary.turns} turns in ${summary.seconds.toFixed(1)} s (${rate})`,
    `POST → end of the run   ${formatPercentiles(latencyMs.end)}`,
    `POST → first words      ${formatPercentiles(latencyMs.firstText)}`,
    `${summary.reconnects} reconnects, ${summary.retries} requests sent again, ${summary.workersKilled} workers killed`,
    `${mismatches.count} mismatches, ${failures.count} failures`,
    ...mismatches.first.flatMap(formatMismatch),
    ...more(mismatches.count),
    ...failures.first.map((failure) => `  failed: ${failure}`),
    ...more(failures.count),
  ]
}

function formatPercentiles({ p50, p95, p99 }: Percentiles): string {
  const format = (value: number | null) => (value === null ? '–' : `${value.toFixed(1)} ms`)
  return `p50 ${format(p50)}   p95 ${format(p95)}   p99 ${format(p99)}`
}

function formatMismatch({ conversation, turn, what, expected, got }: Mismatch): string[] {
  const where = turn === null ? conversation : `${conversation}, turn ${turn}`
  return [`  ${where}: ${what}`, `    expected ${formatValue(expected)}`, `    got      ${formatValue(got)}`]
}

function formatValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}

function more(count: number): string[] {
  return count > SHOWN ? [`  … and ${count - SHOWN} more`] : []
}
