export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10'] as const
/** As in the design's RELIABILITY.md and docs/reliability.md. */
export type Invariant = (typeof INVARIANTS)[number]

/** A promise that a history breaks. */
export interface Violation {
  invariant: Invariant
  /** lost, duplicated, out of order, wrongly folded …, and where. */
  what: string
}
