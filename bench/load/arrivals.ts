/** When messages are sent in an open loop: ms from its beginning, whatever became of those before. */
export type Arrivals = readonly number[]

/** As from very many people who know nothing of one another: exponential pauses (a Poisson process). */
export function poissonArrivals(perSecond: number, seconds: number, random: () => number): Arrivals {
  const arrivals: number[] = []
  for (let at = 0; ;) {
    at -= (Math.log(1 - random()) / perSecond) * 1_000
    if (at >= seconds * 1_000) return arrivals
    arrivals.push(at)
  }
}

/** One every so many ms. */
export function evenArrivals(count: number, everyMs: number): Arrivals {
  return Array.from({ length: count }, (_, index) => index * everyMs)
}
