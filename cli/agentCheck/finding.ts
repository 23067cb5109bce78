/** `doubtful` works, but not as well as it could; only `bad` is a failure. */
export type Verdict = 'good' | 'doubtful' | 'bad'

/** What one check has found: one line. */
export interface Finding {
  /** What was tried, in a word or two. */
  check: string
  verdict: Verdict
  /** What was seen. */
  seen: string
  /** What to do about it. */
  advice?: string
}

const SIGNS: Record<Verdict, string> = { good: '✓', doubtful: '!', bad: '✗' }
const WIDTH = 18

export function formatFinding({ check, verdict, seen, advice }: Finding): string {
  return `${SIGNS[verdict]} ${check.padEnd(WIDTH)} ${oneLine(seen)}${advice === undefined ? '' : ` ${oneLine(advice)}`}`
}

/** What an agent app says of itself stands in its failures. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ').slice(0, 600)
}
