import { ContentParts } from '@shared/contracts/agUi'
import { checkOf } from '@shared/contracts/validate'
import { type Json, type JsonObject, isObject } from '@shared/domain/json'
import type { Item, Run, ToolCall } from '@shared/domain/objects'
import { textOf, wordsOf } from '../itemWords.ts'
import type { History } from '../readHistory.ts'

/** A message as AG-UI's clients keep it (https://docs.ag-ui.com/spec/1.0/schema#message). */
export type AgUiMessage =
  | { id: string; role: 'user'; content: string | Json[] }
  | { id: string; role: 'assistant'; content?: string; toolCalls?: AgUiToolCall[] }
  | { id: string; role: 'reasoning'; content: string }
  | { id: string; role: 'tool'; toolCallId: string; content: string }

export interface AgUiToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

/** What a run keeps of the request that began it, in its metadata, so that agent apps can read it, too. */
export const ABOUT = 'agUi'

/** The ids under which a client knows the messages that began a run. */
export function clientIdsOf({ metadata }: Pick<Run, 'metadata'>): string[] {
  const ids = isObject(metadata[ABOUT]) ? metadata[ABOUT]['messageIds'] : undefined
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : []
}

/** All of a history as messages, oldest first. */
export function historyMessages({ runs, items }: History): AgUiMessage[] {
  return runs.flatMap((run) => runMessages(items.get(run.id) ?? [], clientIdsOf(run).at(-1)))
}

/** The items of one run as messages. Its last input has the id that its client knows it by; all else that of its item. */
export function runMessages(items: readonly Item[], inputId?: string): AgUiMessage[] {
  const lastInput = items.findLast(({ kind }) => kind === 'input')
  return items.flatMap((item, index) => {
    const id = item === lastInput && inputId !== undefined ? inputId : item.id
    const message = messageOf(item, id, items.slice(0, index))
    return message ? [message] : []
  })
}

/** Null: this item is no message; clients are told of it by a CUSTOM event. */
function messageOf({ kind, data, id: itemId }: Item, id: string, before: readonly Item[]): AgUiMessage | null {
  if (kind === 'input') return { id, role: 'user', content: inputContent(data) }
  const words = wordsOf(data)
  if (words !== null) return { id, role: 'assistant', content: words }
  const thought = thoughtOf(data)
  if (thought !== null) return { id, role: 'reasoning', content: thought }
  const call = callIn(data)
  if (call) return { id, role: 'assistant', toolCalls: [writtenCall(itemId, call)] }
  const called = answeredCall(data, before)
  return called ? { id, role: 'tool', toolCallId: called.id, content: textOf(data['result'] ?? null) } : null
}

const checkParts = checkOf(ContentParts)

function inputContent(data: JsonObject): string | Json[] {
  const { content } = data
  if (typeof content === 'string') return content
  return Array.isArray(content) && checkParts(content).ok ? content : JSON.stringify(data)
}

/** What an agent thinks with an item; null: it is another item. */
export function thoughtOf({ type, content }: JsonObject): string | null {
  return type === 'reasoning' && typeof content === 'string' ? content : null
}

export interface CallIn {
  callId: string
  name: string
  /** As JSON, or as the model wrote it. */
  arguments: string
}

/** What an item of the type `tool_call` says; null: it is another item. */
export function callIn({ type, callId, name, arguments: given }: JsonObject): CallIn | null {
  if (type !== 'tool_call' || typeof callId !== 'string' || typeof name !== 'string') return null
  return { callId, name, arguments: given === undefined ? '' : textOf(given) }
}

function writtenCall(id: string, { name, arguments: given }: CallIn): AgUiToolCall {
  return { id, type: 'function', function: { name, arguments: given || '{}' } }
}

/** The item of the call to which an item of the type `tool_result` belongs. */
export function answeredCall(data: JsonObject, before: readonly Item[]): Item | undefined {
  if (data['type'] !== 'tool_result') return undefined
  return before.findLast((item) => callIn(item.data)?.callId === data['callId'])
}

/**
 * What clients know a call of a pause by. Agents may give a call the same id in every run, but a client takes it for the
 * same call: so it is the id of its item, or where it has none, one with the run in it.
 */
export function awaitedCallId(run: Pick<Run, 'id' | 'leg'>, { callId }: ToolCall, items: readonly Item[]): string {
  const last = items.findLast(({ data }) => callIn(data)?.callId === callId || isResultOf(data, callId))
  return last && callIn(last.data) ? last.id : `${ownCallsOf(run.id)}${run.leg}:${callId}`
}

function isResultOf(data: JsonObject, callId: string): boolean {
  return data['type'] === 'tool_result' && data['callId'] === callId
}

/** How the ids of calls begin that a run waits for and that have no item. */
export function ownCallsOf(runId: string): string {
  return `${runId}:`
}
