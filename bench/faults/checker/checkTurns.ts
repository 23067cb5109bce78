import { type SessionEvent, isTerminal } from '@shared/domain/events'
import type { Violation } from './violation.ts'

interface Turn {
  runNo: number
  attempt: number
  ended: string | null
}

/** I2, I5 and I7 in one log: a run ends once, holds its session alone and in order, and its older attempts are silent. */
export function checkTurns(events: readonly SessionEvent[], where: string): Violation[] {
  const turns = new Map<string, Turn>()
  const itemRuns = new Map<string, string>()
  const violations: Violation[] = []
  let held: string | null = null
  const found = (invariant: Violation['invariant'], what: string) =>
    violations.push({ invariant, what: `${what} (${where})` })

  for (const event of events) {
    if (event.type === 'snapshot') {
      for (const run of event.data.runs)
        turns.set(run.id, { runNo: run.runNo, attempt: run.attempts.length, ended: run.endedAt ? run.status : null })
      held = event.data.runs.find(({ status }) => status === 'running' || status === 'paused')?.id ?? null
      continue
    }
    if (event.type === 'item.created') itemRuns.set(event.data.item.id, event.data.item.runId)
    const runId = event.runId ?? (event.type === 'item.delta' ? itemRuns.get(event.data.itemId) : undefined)
    if (runId === undefined) continue
    const turn = turns.get(runId) ?? { runNo: 0, attempt: 0, ended: null }
    turns.set(runId, turn)

    if (turn.ended !== null) {
      const again = isTerminal(event)
      found(again ? 'I2' : 'I7', `${runId} ended as ${turn.ended}, then came ${event.seq} ${event.type}`)
    }
    if (event.attempt !== undefined && event.attempt < turn.attempt)
      found('I7', `attempt ${event.attempt} of ${runId} wrote ${event.seq} (${event.type}) after ${turn.attempt} began`)
    turn.attempt = Math.max(turn.attempt, event.attempt ?? 0)

    if (event.type === 'run.queued') turn.runNo = event.data.run.runNo
    if (event.type === 'run.started' || event.type === 'run.attempt') {
      turn.runNo = event.data.run.runNo
      if (held !== null && held !== runId) found('I5', `${runId} began (${event.seq}) while ${held} was held`)
      const overtaken = [...turns].find(([, other]) => other.ended === null && other.runNo < turn.runNo)
      if (overtaken) found('I5', `${runId} (no. ${turn.runNo}) overtook ${overtaken[0]} (no. ${overtaken[1].runNo})`)
      held = runId
    }
    if (isTerminal(event)) {
      turn.ended ??= event.type
      if (held === runId) held = null
    }
  }
  return violations
}
