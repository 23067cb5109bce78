import type { Holder, HolderKind, LimitSettings } from './settings.ts'

/**
 * The long connections that each holder has in this process: a place is taken before a stream or a socket begins, and
 * given back when it has ended. Over N processes a holder may have N times as many: a count that all share would be
 * wrong whenever one of them is killed.
 */
export interface Places {
  /** Takes a place of each holder's, or of none: then the first one who has none left. */
  take(holders: readonly Holder[]): { leave: () => void } | { full: Holder }
  /** Places that are taken of a holder's. */
  taken(holder: Holder): number
}

export function createPlaces(most: LimitSettings['connections']): Places {
  const taken: Record<HolderKind, Map<string, number>> = { user: new Map(), key: new Map(), address: new Map() }
  const countOf = ({ kind, id }: Holder) => taken[kind].get(id) ?? 0

  function leave(holder: Holder): void {
    const left = countOf(holder) - 1
    if (left > 0) taken[holder.kind].set(holder.id, left)
    else taken[holder.kind].delete(holder.id)
  }

  return {
    take(holders) {
      const full = holders.find((holder) => most[holder.kind] > 0 && countOf(holder) >= most[holder.kind])
      if (full) return { full }
      for (const holder of holders) taken[holder.kind].set(holder.id, countOf(holder) + 1)
      let over = false
      return {
        leave() {
          if (over) return
          over = true
          holders.forEach(leave)
        },
      }
    },
    taken: countOf,
  }
}
