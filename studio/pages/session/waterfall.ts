import type { Attempt } from '@shared/domain/objects'

/** A span of an attempt, in milliseconds after the run was accepted. */
export interface Span {
  label: string
  /** What is waited for in it. */
  meaning: string
  from: number
  to: number
}

/** accepted → queued → claimed → first byte → first token → done; what has not happened yet is left out. */
export function spansOf(attempt: Attempt, now: number): Span[] {
  const { acceptedAt, queuedAt, claimedAt, firstByteAt, firstDeltaAt, endedAt } = attempt.timing
  const start = Date.parse(acceptedAt)
  const marks: [string, string, string | undefined][] = [
    ['Accepted', 'until it may be carried out', queuedAt],
    ['Queued', 'until a worker takes it', claimedAt],
    ['Called', 'until the agent’s first byte', firstByteAt],
    ['Thinking', 'until its first token', firstDeltaAt],
    ['Answering', 'until it has ended', endedAt ?? new Date(now).toISOString()],
  ]
  const spans: Span[] = []
  let from = start
  for (const [label, meaning, at] of marks) {
    if (at === undefined) continue
    const to = Math.max(from, Date.parse(at))
    if (to > from) spans.push({ label, meaning, from: from - start, to: to - start })
    from = to
  }
  return spans
}
