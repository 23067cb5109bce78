/** One value at one time. */
export interface Point {
  x: number
  y: number
}

/**
 * How steeply values rise, by the median of the slopes between all pairs (Theil–Sen): a few collections of garbage or one
 * late look do not bend it. Null for fewer than two points.
 */
export function slopeOf(points: readonly Point[]): number | null {
  const slopes: number[] = []
  for (const [index, from] of points.entries()) {
    for (const to of points.slice(index + 1)) if (to.x !== from.x) slopes.push((to.y - from.y) / (to.x - from.x))
  }
  slopes.sort((a, b) => a - b)
  const middle = slopes.length / 2
  if (slopes.length === 0) return null
  return slopes.length % 2 === 1 ? slopes[Math.floor(middle)]! : (slopes[middle - 1]! + slopes[middle]!) / 2
}
