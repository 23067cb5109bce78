import type { Item } from '@shared/domain/objects'
import { wordsOf } from '../itemWords.ts'

/** Between what is said before a pause or a tool call and what is said after it. */
export const BETWEEN = '\n\n'

/** All that a run has said, as one text; an output that is no message is told as JSON. */
export function runText(items: readonly Pick<Item, 'kind' | 'data'>[]): string {
  const said = items.flatMap(({ kind, data }) => {
    if (kind === 'input') return []
    const words = wordsOf(data)
    if (words !== null) return words === '' ? [] : [words]
    return kind === 'output' ? [JSON.stringify(data)] : []
  })
  return said.join(BETWEEN)
}
