import fc from 'fast-check'
import { ID_PREFIXES } from '@shared/domain/ids'

/**
 * What a generated request names without knowing it: an id, a pause, a cursor. It stands as `@{kind number}` wherever a
 * text may stand, and becomes the number-th of its kind that is known when the request is sent (world/known.ts). So a
 * sequence stays one value that can be made smaller and played again.
 */
const REFERENCE = /@\{([a-z]+) (\d+)\}/g

/** Kinds beside those of ids, which have their prefixes' names. */
export const OTHER_KINDS = ['pause', 'paused', 'outside', 'token', 'refresh', 'cursor', 'hook'] as const

const KINDS: ReadonlySet<string> = new Set([...Object.values(ID_PREFIXES), ...OTHER_KINDS])

/** Numbers reach beyond what most sequences know: the newest of a kind is hit often, as is each of those at the beginning. */
export function referenceTo(kind: string): fc.Arbitrary<string> {
  if (!KINDS.has(kind)) throw new Error(`nothing is known of the kind ${kind}`)
  return fc.nat({ max: 30 }).map((number) => `@{${kind} ${number}}`)
}

export function resolveReferences(text: string, find: (kind: string, number: number) => string): string {
  return text.replaceAll(REFERENCE, (whole, kind: string, number: string) =>
    KINDS.has(kind) ? find(kind, Number(number)) : whole,
  )
}
