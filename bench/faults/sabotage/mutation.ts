/** One guard of the product taken away, to see that the harness notices. */
export interface Mutation {
  name: string
  /** What it takes away. */
  what: string
  /** Rows of which at least one must report a violation. */
  rows: readonly number[]
  /** In so many strikes of each: a row that chooses its point at random must have come to the right one. */
  times: number
  changes: readonly Change[]
}

/** An exact replacement in one file of the sources. */
export interface Change {
  /** From the repository's root. */
  file: string
  from: string
  to: string
  /** How often `from` stands there; once without. */
  count?: number
}

/** A source with the change in it. Throws when the source is no longer what the change was made for. */
export function changed(source: string, { file, from, to, count = 1 }: Change): string {
  const parts = source.split(from)
  if (parts.length - 1 === count) return parts.join(to)
  throw new Error(
    `${file} has ${parts.length - 1} × ${JSON.stringify(from)}, the sabotage expects ${count}: adapt it in bench/faults/sabotage/mutations.ts.`,
  )
}
