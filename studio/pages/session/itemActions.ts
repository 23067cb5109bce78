import type { AdminScore } from '../../api/objects.ts'

/** What can be done with an item, and what was said of it. */
export interface ItemActions {
  sessionId: string
  agent: string
  /** Open threads of an item. */
  threads: ReadonlyMap<string, number>
  scores: ReadonlyMap<string, readonly AdminScore[]>
  mayComment: boolean
  onSelect: (itemId: string) => void
  onComment: (itemId: string) => void
}
