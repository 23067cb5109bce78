import type { SessionView } from '@shared/domain/foldSession'
import type { Item, Run, RunError, ToolCall } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'

/** One thing that the transcript shows. A tool's call and result are one. */
export type Entry =
  | { kind: 'message'; item: Item; role: 'user' | 'assistant'; text: string }
  | { kind: 'tool'; name: string; call: Item | null; result: Item | null }
  | { kind: 'json'; item: Item }

/** What there is to say about a turn below its entries. */
export type TurnStatus =
  | { kind: 'behind' }
  | { kind: 'waiting' }
  | { kind: 'working' }
  | { kind: 'paused'; calls: ToolCall[] }
  | { kind: 'retrying'; nextAt: string; message: string }
  | { kind: 'failed'; error: RunError; again: string | null }
  | { kind: 'cancelled' }

export interface Turn {
  runId: string
  run: Run | null
  entries: Entry[]
  status: TurnStatus | null
}

/** The view as turns, in order: what was said and done in each run, and how the run stands. */
export function toTurns(view: SessionView): Turn[] {
  const held = liveRun(view)?.id
  return [...groupByRun(view).entries()]
    .sort(([, a], [, b]) => a.runNo - b.runNo)
    .map(([runId, { run, items }]) => {
      const entries = toEntries(items)
      return { runId, run, entries, status: run && statusOf(run, entries, held, view.retrying[runId]) }
    })
}

/** Items of a run that the view doesn't have (a snapshot may leave out old ones) are shown all the same. */
function groupByRun(view: SessionView): Map<string, { runNo: number; run: Run | null; items: Item[] }> {
  const groups = new Map<string, { runNo: number; run: Run | null; items: Item[] }>()
  for (const run of view.runs) groups.set(run.id, { runNo: run.runNo, run, items: [] })
  for (const item of view.items) {
    const group = groups.get(item.runId) ?? { runNo: item.runNo, run: null, items: [] }
    group.items.push(item)
    groups.set(item.runId, group)
  }
  return groups
}

/** The run that is worked on or next in line; null when the agent has nothing to do. */
export function liveRun(view: SessionView): Run | null {
  return view.runs.find((run) => !isEnded(run.status)) ?? null
}

function toEntries(items: Item[]): Entry[] {
  const entries: Entry[] = []
  for (const item of items) {
    const { type, role, content, callId, name } = item.data
    const call = typeof callId === 'string' ? findCall(entries, callId) : null
    if (type === 'message' && typeof content === 'string' && (role === 'user' || role === 'assistant'))
      entries.push({ kind: 'message', item, role, text: content })
    else if (type === 'tool_call' && typeof callId === 'string')
      entries.push({ kind: 'tool', name: typeof name === 'string' ? name : 'tool', call: item, result: null })
    else if (type === 'tool_result' && call) call.result = item
    else if (type === 'tool_result') entries.push({ kind: 'tool', name: 'tool', call: null, result: item })
    else entries.push({ kind: 'json', item })
  }
  return entries
}

/** The call that a result belongs to and that has none yet. */
function findCall(entries: Entry[], callId: string): (Entry & { kind: 'tool' }) | null {
  const call = entries.find((entry) => entry.kind === 'tool' && !entry.result && entry.call?.data.callId === callId)
  return call?.kind === 'tool' ? call : null
}

function statusOf(
  run: Run,
  entries: Entry[],
  held: string | undefined,
  retrying: { nextAt: string; message: string } | undefined,
): TurnStatus | null {
  if (run.status === 'failed') {
    const error = run.error ?? { code: 'unknown', message: 'The agent did not say why.' }
    return { kind: 'failed', error, again: inputText(entries) }
  }
  if (run.status === 'cancelled') return { kind: 'cancelled' }
  if (run.status === 'paused') return { kind: 'paused', calls: run.pause?.toolCalls ?? [] }
  if (run.status === 'completed') return null
  if (retrying) return { kind: 'retrying', ...retrying }
  if (run.id !== held) return { kind: 'behind' }
  if (run.status === 'queued') return { kind: 'waiting' }
  return entries.some(showsProgress) ? null : { kind: 'working' }
}

/** Text that grows and a tool at work tell by themselves that the agent is busy. */
function showsProgress(entry: Entry): boolean {
  return entry.kind === 'tool' ? entry.call !== null && entry.result === null : entry.item.status === 'streaming'
}

function inputText(entries: Entry[]): string | null {
  const input = entries.find((entry) => entry.kind === 'message' && entry.item.kind === 'input')
  return input?.kind === 'message' ? input.text : null
}

/** What a person can do about a failed run, by the error's code. */
export function adviceFor(error: RunError): string {
  switch (error.code) {
    case 'version_incompatible':
      return 'The agent was replaced by a version that can not go on with this conversation. Start a new chat.'
    case 'invalid_output':
      return 'The agent gave an answer that does not fit its rules. Trying again may help; else tell its makers.'
    case 'agent_unreachable':
    case 'agent_disconnected':
      return 'The agent seems to be down. Your message is kept: send it again when the agent is back.'
    case 'agent_timeout':
    case 'deadline_exceeded':
      return 'It took too long. Send it again, or ask for less at once.'
    default:
      return 'Your message is kept. Send it again in a moment.'
  }
}
