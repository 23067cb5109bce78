import { tunables } from '@shared/domain/tunables'

/** What is left to somebody, for the headers RateLimit-*. */
export interface Allowance {
  limit: number
  remaining: number
  /** Seconds until all of the limit is there again. */
  reset: number
  /** It would have been too much: nothing was spent. */
  refused: boolean
}

export interface RateLimit {
  /** Spends points of a holder's limit, or refuses. Answers at once. */
  spend(id: string, points: number): Allowance
  /** What is left, without spending. */
  look(id: string): Allowance
}

/** Adds to what all processes have counted for a holder; gives the sum and the time until it is forgotten, in ms. */
export type Count = (id: string, points: number, windowSeconds: number) => Promise<{ points: number; msLeft: number }>

/** What one holder has spent in his window. */
interface Spent {
  /** As all processes together had counted it when it was last asked; without the store, what was spent here. */
  counted: number
  /** Is just being told. */
  reporting: number
  unreported: number
  endsAt: number
}

/**
 * A limit for each holder, in fixed windows of `tunables.rateLimits.window` that begin with his first request. It costs a
 * request no round trip: a process counts by itself, tells the store each time a holder has spent a block (a twentieth
 * of the limit), and then learns what the others have counted. Nobody waits for that, also not while the store is away:
 * then each process limits by what it has seen itself.
 *
 * What is promised: one process lets exactly `limit` points through in a window. N processes let through at most
 * `limit + N blocks`, plus what comes within the round trips of their reports; N times the limit when all of it comes at
 * once, or while the store is away. As windows are fixed, twice as much may come around the moment where one follows
 * another. Whoever stays within his limit at one process is never refused for what a process has counted too much.
 */
export function createRateLimit(limit: number, count: Count, now: () => number = wholeMs): RateLimit {
  const { window, blocks, reports, holders } = tunables.rateLimits
  const block = Math.max(1, Math.floor(limit / blocks))
  const spent = new Map<string, Spent>()
  let underWay = 0

  function present(id: string, at: number): Spent {
    const known = spent.get(id)
    if (known && known.endsAt > at) return known
    const fresh = { counted: 0, reporting: 0, unreported: 0, endsAt: at + window }
    // Written anew, so that the map's first is the one whose window began first.
    spent.delete(id)
    spent.set(id, fresh)
    if (spent.size > holders) spent.delete(spent.keys().next().value!)
    return fresh
  }

  async function report(id: string, entry: Spent): Promise<void> {
    const points = entry.unreported
    entry.reporting = points
    entry.unreported = 0
    underWay++
    try {
      const { points: counted, msLeft } = await count(
        id,
        points,
        Math.max(1, Math.ceil((entry.endsAt - now()) / 1_000)),
      )
      entry.counted = counted
      entry.endsAt = now() + msLeft
    } catch {
      // It may have been counted: told again it would count twice.
      entry.counted += points
    }
    entry.reporting = 0
    underWay--
  }

  function allowance(entry: Spent, at: number, refused: boolean): Allowance {
    const remaining = Math.max(0, limit - sumOf(entry))
    return { limit, remaining, reset: Math.max(1, Math.ceil((entry.endsAt - at) / 1_000)), refused }
  }

  return {
    spend(id, points) {
      const at = now()
      const entry = present(id, at)
      if (sumOf(entry) + points > limit) return allowance(entry, at, true)
      entry.unreported += points
      const told = allowance(entry, at, false)
      if (entry.unreported >= block && entry.reporting === 0 && underWay < reports) void report(id, entry)
      return told
    },
    look(id) {
      const at = now()
      const entry = spent.get(id)
      if (!entry || entry.endsAt <= at) return { limit, remaining: limit, reset: window / 1_000, refused: false }
      return allowance(entry, at, sumOf(entry) >= limit)
    },
  }
}

/** Parts of a millisecond would make a minute 60.0000001 s. */
function wholeMs(): number {
  return Math.floor(performance.now())
}

function sumOf({ counted, reporting, unreported }: Spent): number {
  return counted + reporting + unreported
}
