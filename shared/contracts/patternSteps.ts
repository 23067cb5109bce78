/**
 * About how many steps a regular expression compiles to: RE2 writes out what is repeated by number, so that
 * `(abc){1000}` is as long as 3,000 letters. An expression that is wrong gets some number; its compiler refuses it.
 */
export function patternSteps(pattern: string): number {
  /** Steps of each group that is open, the whole outermost. */
  const open = [0]
  /** Steps of what a repetition that comes next would repeat. */
  let last = 0
  let at = 0

  const take = (pieceOf: RegExp): string | null => {
    pieceOf.lastIndex = at
    const piece = pieceOf.exec(pattern)?.[0] ?? null
    if (piece !== null) at += piece.length
    return piece
  }
  const add = (steps: number) => {
    open[open.length - 1]! += steps
    last = steps
  }

  while (at < pattern.length) {
    const repeated = take(REPEATED)
    if (repeated !== null) add(last * (timesOf(repeated) - 1))
    else if (take(GROUP) !== null) open.push(1)
    else if (pattern[at] === ')' && open.length > 1) {
      at++
      add(open.pop()!)
    } else {
      if (take(ATOM) === null) at++
      add(1)
    }
  }
  return open.reduce((sum, steps) => sum + steps, 0)
}

const REPEATED = /\{\d+(,\d*)?\}/y
const GROUP = /\((\?(P?<[^>]*>|[a-zA-Z-]*:?))?/y
/** A class, or an escape with what belongs to it. */
const ATOM = /\[\^?\]?(\\.|\[:\^?\w+:\]|[^\]\\])*\]|\\[pPx]\{[^}]*\}|\\./sy

function timesOf(repetition: string): number {
  const [least = '', most = ''] = repetition.slice(1, -1).split(',')
  return Math.max(1, Number(most === '' ? least : most))
}
