import type { History } from './readHistory.ts'
import type { Violation } from './violation.ts'

/** I1, where the fault is no business of the runs: every one completed, and no attempt ended as none may. */
export function checkSpared(history: History): Violation[] {
  const spared = history.of('spared')
  if (spared.length === 0) return []
  const outcomes = new Set(spared.flatMap((entry) => entry.outcomes))
  const runs = [...history.finals.values()].flatMap((final) => final.runs)
  return runs.flatMap((run): Violation[] => {
    const { id, status, error } = run
    const ended: Violation[] =
      status === 'completed' ? [] : [{ invariant: 'I1', what: `${id} is ${status} (${error?.message ?? 'no error'})` }]
    const attempts = run.attempts.filter(({ outcome }) => outcomes.has(outcome))
    return ended.concat(
      attempts.map((attempt) => ({
        invariant: 'I1',
        what: `attempt ${attempt.attempt} of ${id} ${attempt.outcome}: ${attempt.error?.message ?? 'no error'}`,
      })),
    )
  })
}
