import type { EntryOf } from '../history/entries.ts'
import type { History } from './readHistory.ts'
import type { Violation } from './violation.ts'

/** I1 and I2 where the strike knows how a run has to end: its status, and what its attempts died of. */
export function checkExpected(history: History): Violation[] {
  return history.of('expected').flatMap((expected): Violation[] => {
    const message = history.messages.find(({ key }) => key === expected.key)
    const final = message && history.finals.get(message.sessionId)
    const runId = message?.acknowledged[0]?.runId
    const run = final?.runs.find(({ id }) => id === runId)
    const what = `${message?.content ?? expected.key} had to end as ${ended(expected.status, expected.errors)}`
    if (!run) return [{ invariant: 'I1', what: `${what}, and has no run` }]
    const errors = run.attempts.flatMap(({ error }) => error?.code ?? [])
    const got = expected.status === 'failed' ? errors : errors.slice(0, expected.errors?.length ?? 0)
    const same = run.status === expected.status && (!expected.errors || String(got) === String(expected.errors))
    const last = expected.status === 'failed' && expected.errors?.at(-1)
    const broken: Violation[] = []
    if (!same || (last && run.error?.code !== last))
      broken.push({ invariant: 'I2', what: `${what}, and is ${ended(run.status, errors)} (${run.error?.code})` })
    return [...broken, ...(expected.retryAfterMs === undefined ? [] : checkWaits(run.id, expected.retryAfterMs, final))]
  })
}

function ended(status: string, errors: readonly string[] = []): string {
  return [status, ...errors].join(' ')
}

/** Each next attempt was put off for as long as the agent app had asked. */
function checkWaits(runId: string, leastMs: number, final: EntryOf<'final'> | undefined): Violation[] {
  return (final?.events ?? []).flatMap((event): Violation[] => {
    if (event.type !== 'run.retrying' || event.data.runId !== runId) return []
    const waitMs = Date.parse(event.data.nextAt) - Date.parse(event.at)
    return waitMs >= leastMs
      ? []
      : [{ invariant: 'I8', what: `${runId} was tried again after ${waitMs} ms, it was asked for ${leastMs}` }]
  })
}
