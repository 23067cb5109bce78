import type { Invariant } from '../checker/violation.ts'
import type { Arena } from './arena.ts'
import type { Broker } from './site.ts'

/** What a strike can say of itself; whether all promises held is for the checker. */
export interface Outcome {
  /** What was in flight when it struck; null: nothing was, and it does not count. */
  proof: string | null
  /** The recovery that it is about; null when it could not be seen, or there is none. */
  recovery: Recovery | null
}

export interface Recovery {
  /** From what to what, e.g. `worker killed → next attempt`. */
  what: string
  ms: number
  /** The promised bound (I8). */
  withinMs: number
}

/** A row of the fault matrix. A file of `rows/` exports one. */
export interface Row {
  number: number
  title: string
  /** What it is about; all invariants are checked in every strike. */
  invariants: readonly Invariant[]
  brokers: readonly Broker[]
  /** Sets the scene, strikes, and returns once it has seen the recovery. The runner heals, settles and checks. */
  strike(arena: Arena): Promise<Outcome>
}

export const BOTH: readonly Broker[] = ['redis', 'postgres']

/** A recovery between two times of the history; without one of them it was not seen, which breaks the bound. */
export function recovery(what: string, from: number | null, to: number | null, withinMs: number): Recovery {
  const ms = from === null || to === null ? NEVER : Math.max(0, to - from)
  return { what, ms, withinMs }
}

/** The recovery was not seen. */
export const NEVER = Number.MAX_SAFE_INTEGER

export const NOTHING_STRUCK: Outcome = { proof: null, recovery: null }
