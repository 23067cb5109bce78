import { TERMINAL_EVENTS, type SessionEvent } from '@shared/domain/events'
import type { History, SentMessage } from './readHistory.ts'
import type { Violation } from './violation.ts'

/** What senders were told, against what readers saw and the final log holds. */
export function checkMessages(history: History): Violation[] {
  return history.messages
    .flatMap((message) => [
      ...checkAcceptance(message),
      ...checkLost(message, history),
      ...checkInputs(message, history),
    ])
    .concat(checkCancelled(history))
}

/** What a sender was told on a cancel is how the run ended: `cancelled` never turns into another end. */
function checkCancelled(history: History): Violation[] {
  const runs = [...history.finals.values()].flatMap((final) => final.runs)
  return history.of('cancelled').flatMap(({ runId, status }): Violation[] => {
    const now = runs.find(({ id }) => id === runId)?.status
    return now === status
      ? []
      : [{ invariant: 'I2', what: `${runId} was ${status} for who cancelled it, and is ${now}` }]
  })
}

/** One key is one message: every 2xx names the same run and item. */
function checkAcceptance({ key, content, acknowledged, unanswered }: SentMessage): Violation[] {
  const accepted = new Set(acknowledged.map(({ runId, itemId, seq }) => `${runId} ${itemId} ${seq}`))
  const violations: Violation[] = unanswered.map(({ why }) => ({
    invariant: 'I8',
    what: `${content} was never answered: ${why}`,
  }))
  if (accepted.size > 1)
    violations.push({ invariant: 'I3', what: `key ${key} was accepted as ${[...accepted].join(' and as ')}` })
  return violations
}

/** Every acknowledged run ends, or waits in a pause. A reader of the session must have seen it, too (I4 says it did). */
function checkLost({ content, sessionId, acknowledged }: SentMessage, history: History): Violation[] {
  const [first] = acknowledged
  if (!first) return []
  const final = history.finals.get(sessionId)
  const logs = [final?.events ?? [], ...readersOf(sessionId, history)]
  if (logs.every((events) => settles(events, first.runId))) return []
  const status = final?.runs.find(({ id }) => id === first.runId)?.status ?? 'absent'
  return [{ invariant: 'I1', what: `${content} was acknowledged and its run ${first.runId} did not end (${status})` }]
}

function settles(events: readonly SessionEvent[], runId: string): boolean {
  const last = events.findLast((event) => stateOf(event, runId) !== null)
  return last !== undefined && stateOf(last, runId) === 'settled'
}

function stateOf(event: SessionEvent, runId: string): 'settled' | 'live' | null {
  if (event.type === 'snapshot') {
    const run = event.data.runs.find(({ id }) => id === runId)
    if (!run) return null
    return ['completed', 'failed', 'cancelled', 'paused'].includes(run.status) ? 'settled' : 'live'
  }
  if (event.runId !== runId) return null
  if (event.type === 'run.paused' || isTerminalType(event.type)) return 'settled'
  return event.type === 'run.resumed' ? 'live' : null
}

function isTerminalType(type: string): boolean {
  return (TERMINAL_EVENTS as readonly string[]).includes(type)
}

/** Acknowledged: its input item is there once. Refused: it is nowhere. Neither: at most once. */
function checkInputs({ content, sessionId, acknowledged, refused }: SentMessage, history: History): Violation[] {
  const logs = [history.finals.get(sessionId)?.events ?? [], ...readersOf(sessionId, history)]
  return logs.flatMap((events): Violation[] => {
    const inputs = inputsOf(events).filter((input) => input.content === content)
    const [first] = acknowledged
    if (inputs.length > 1) return [{ invariant: 'I3', what: `${content} was accepted ${inputs.length} times` }]
    if (refused.length > 0 && !first && inputs.length > 0)
      return [{ invariant: 'I9', what: `${content} was refused (${refused[0]?.code}) and is in the session` }]
    if (first && inputs.length === 0)
      return [{ invariant: 'I1', what: `${content} was acknowledged and is not in the session` }]
    const place = `${inputs[0]?.id} of ${inputs[0]?.runId}`
    if (first && place !== `${first.itemId} of ${first.runId}`)
      return [{ invariant: 'I3', what: `${content} is ${place}, acknowledged was ${first.itemId} of ${first.runId}` }]
    return []
  })
}

function inputsOf(events: readonly SessionEvent[]): { id: string; runId: string; content: unknown }[] {
  const inputs = new Map<string, { id: string; runId: string; content: unknown }>()
  for (const event of events) {
    const items = event.type === 'snapshot' ? event.data.items : event.type === 'item.created' ? [event.data.item] : []
    for (const { id, runId, kind, data } of items)
      if (kind === 'input') inputs.set(id, { id, runId, content: data.content })
  }
  return [...inputs.values()]
}

function readersOf(sessionId: string, { readers }: History): SessionEvent[][] {
  // Who began later may have missed what it says.
  return readers.filter((reader) => reader.sessionId === sessionId && reader.after === 0).map(({ events }) => events)
}
