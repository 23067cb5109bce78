import { isDeepStrictEqual } from 'node:util'

/** Something that is not as recorded or promised. */
export interface Difference {
  /** What was compared, e.g. `item 2 (output)`. */
  what: string
  expected: unknown
  got: unknown
}

/** A difference, and where it was met; `turn` counts from 1, null: the conversation as a whole. */
export interface Mismatch extends Difference {
  conversation: string
  turn: number | null
}

/** The difference between two JSON values, as a list of one or none. The order of an object's keys does not matter. */
export function difference(what: string, expected: unknown, got: unknown): Difference[] {
  return isDeepStrictEqual(expected, got) ? [] : [{ what, expected, got }]
}
