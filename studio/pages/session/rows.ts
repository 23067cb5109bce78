import type { JsonObject } from '@shared/domain/json'
import type { Item, Run } from '@shared/domain/objects'

/** One block of a conversation as it is shown. */
export type Row =
  | { kind: 'run'; key: string; run: Run }
  | { kind: 'message'; key: string; item: Item; role: string; text: string }
  | { kind: 'reasoning'; key: string; item: Item; text: string }
  | { kind: 'call'; key: string; name: string; item: Item; result: Item | undefined }
  | { kind: 'json'; key: string; item: Item }
  | { kind: 'end'; key: string; run: Run }

const CALLS = new Set(['tool_call', 'function_call'])
const RESULTS = new Set(['tool_result', 'function_call_output'])
const REASONING = new Set(['reasoning', 'thinking', 'thought'])

/**
 * A session's items, in their order, as blocks: each run begins with its header; a call and its result are one; a run
 * that did not end well says so at its end.
 */
export function rowsOf(items: readonly Item[], runs: readonly Run[]): Row[] {
  const byRun = new Map<string, Item[]>()
  for (const item of items) {
    const others = byRun.get(item.runId)
    if (others) others.push(item)
    else byRun.set(item.runId, [item])
  }
  const shown = new Set(runs.map((run) => run.id))
  // Items whose run is beyond what was loaded still stand in their place.
  const orphans = items.filter((item) => !shown.has(item.runId)).flatMap((item) => rowOf(item, undefined))
  return [...orphans, ...runs.flatMap((run) => runRows(run, byRun.get(run.id) ?? []))]
}

function runRows(run: Run, items: readonly Item[]): Row[] {
  const results = new Map(items.filter((item) => isResult(item.data)).map((item) => [callIdOf(item.data), item]))
  const calls = new Set(items.filter((item) => isCall(item.data)).map((item) => callIdOf(item.data)))
  const blocks = items
    .filter((item) => !(isResult(item.data) && calls.has(callIdOf(item.data))))
    .flatMap((item) => rowOf(item, isCall(item.data) ? results.get(callIdOf(item.data)) : undefined))
  const end: Row[] = needsWords(run) ? [{ kind: 'end', key: `${run.id} end`, run }] : []
  return [{ kind: 'run', key: run.id, run }, ...blocks, ...end]
}

function rowOf(item: Item, result: Item | undefined): Row {
  const { data } = item
  const key = item.id
  if (isCall(data)) return { kind: 'call', key, name: nameOf(data), item, result }
  const text = textOf(data)
  if (text !== null && REASONING.has(typeOf(data))) return { kind: 'reasoning', key, item, text }
  if (text !== null && typeOf(data) === 'message') {
    return { kind: 'message', key, item, role: typeof data.role === 'string' ? data.role : 'assistant', text }
  }
  return { kind: 'json', key, item }
}

function needsWords(run: Run): boolean {
  return run.status !== 'completed'
}

/** The text of a message: a string, or the texts among its parts; null when it holds none. */
export function textOf(data: JsonObject): string | null {
  for (const member of [data.content, data.text, data.summary]) {
    if (typeof member === 'string') return member
    if (!Array.isArray(member)) continue
    const parts = member.map((part) => partText(part))
    if (parts.length > 0 && parts.every((part) => part !== null)) return parts.join('\n\n')
  }
  return null
}

function partText(part: unknown): string | null {
  if (typeof part === 'string') return part
  const text = (part as { text?: unknown } | null)?.text
  return typeof text === 'string' ? text : null
}

export function isCall(data: JsonObject): boolean {
  return CALLS.has(typeOf(data))
}

export function isResult(data: JsonObject): boolean {
  return RESULTS.has(typeOf(data))
}

function typeOf(data: JsonObject): string {
  return typeof data.type === 'string' ? data.type : ''
}

function callIdOf(data: JsonObject): string {
  const id = data.callId ?? data.call_id ?? data.id
  return typeof id === 'string' ? id : ''
}

function nameOf(data: JsonObject): string {
  return typeof data.name === 'string' && data.name !== '' ? data.name : 'tool'
}
