import type { SessionEvent } from '@shared/domain/events'
import { type SessionView, EMPTY_VIEW, applyEvent } from '@shared/domain/foldSession'
import { type Json, type JsonObject, isObject } from '@shared/domain/json'
import type { Item, Run } from '@shared/domain/objects'
import { wordsOf } from '../itemWords.ts'
import { BETWEEN, runText } from './runText.ts'
import { type AgnoTool, answeredTool, awaitedTool, calledTool, secondsOf, stateOf } from './toolCalls.ts'

/** One object of Agno's stream. */
export interface AgnoEvent {
  event: string
  created_at: number
  run_id: string
  session_id: string
  agent_id: string
  [member: string]: Json | AgnoTool | readonly AgnoTool[]
}

export interface RunAbout {
  runId: string
  sessionId: string
  agent: string
  /** What it had made when it paused; null: it is read from its beginning. */
  before: readonly Item[] | null
}

/**
 * Turns a run's events into Agno's, in order; https://docs.agno.com/reference/agents/run-response names them. Their text
 * only grows: what an attempt had said that was taken back is set right by the whole text of RunCompleted.
 */
export function agnoEvents({ runId, sessionId, agent, before }: RunAbout): (event: SessionEvent) => AgnoEvent[] {
  let view: SessionView = { ...EMPTY_VIEW, items: before ?? [] }
  let begun = false
  let state: JsonObject | null = null
  /** The item that spoke last. */
  let speaker = before?.findLast(({ data }) => wordsOf(data))?.id ?? null
  const tools: AgnoTool[] = []

  function make(event: string, at: string, more: Record<string, AgnoEvent[string]> = {}): AgnoEvent {
    const about = { run_id: runId, session_id: sessionId, agent_id: agent, content_type: 'str' }
    return { ...more, event, created_at: secondsOf(at), ...about }
  }

  function words(text: string, itemId: string, at: string): AgnoEvent[] {
    if (text === '') return []
    const between = speaker === null || speaker === itemId ? '' : BETWEEN
    speaker = itemId
    return [make('RunContent', at, { content: between + text })]
  }

  function created({ id, kind, data }: Item, at: string): AgnoEvent[] {
    if (kind === 'input') return []
    const said = wordsOf(data)
    if (said !== null) return words(said, id, at)
    const call = calledTool(data, at)
    if (call) {
      tools.push(call)
      return [make('ToolCallStarted', at, { tool: call })]
    }
    const answered = answeredTool(data, tools)
    if (answered) return [make('ToolCallCompleted', at, { tool: answered })]
    return [make('CustomEvent', at, { name: 'item', item: data })]
  }

  function grown(event: Extract<SessionEvent, { type: 'item.delta' }>): AgnoEvent[] {
    const { itemId, patch } = event.data
    const item = view.items.find(({ id }) => id === itemId)
    if (!item || wordsOf(item.data) === null) return []
    const added = patch.flatMap((one) =>
      one.op === 'append' && one.path === '/content' && typeof one.value === 'string' ? [one.value] : [],
    )
    return words(added.join(''), itemId, event.at)
  }

  function stands({ status, pause, error }: Run, at: string): AgnoEvent[] {
    switch (status) {
      case 'paused': {
        const awaited = (pause?.toolCalls ?? []).map((call) => awaitedTool(call, at))
        return [make('RunPaused', at, { is_paused: true, tools: awaited, tools_awaiting_external_execution: awaited })]
      }
      case 'completed': {
        const own = view.items.filter((item) => item.runId === runId)
        return [make('RunCompleted', at, { content: runText(own), tools, ...(state && { session_state: state }) })]
      }
      case 'failed':
        return [make('RunError', at, { content: error?.message ?? 'The run has failed.' })]
      case 'cancelled':
        return [make('RunCancelled', at, { content: 'The run was cancelled.' })]
      default:
        return []
    }
  }

  function translate(event: SessionEvent): AgnoEvent[] {
    const { at } = event
    switch (event.type) {
      case 'item.created':
        return created(event.data.item, at)
      case 'item.delta':
        return grown(event)
      case 'custom': {
        const { name, data } = event.data
        return [make('CustomEvent', at, { ...spread(data), name })]
      }
      case 'state.updated':
        state = stateOf(event.data.state)
        return []
      case 'run.paused':
      case 'run.completed':
      case 'run.failed':
      case 'run.cancelled':
        return stands(event.data.run, at)
      case 'snapshot': {
        // What it had said is older than what is kept of the log.
        const run = event.data.runs.find(({ id }) => id === runId)
        return run ? stands(run, at) : []
      }
      default:
        return []
    }
  }

  return (event) => {
    view = applyEvent(view, event)
    const made = translate(event)
    if (begun) return made
    begun = true
    return [make(before ? 'RunContinued' : 'RunStarted', event.at), ...made]
  }
}

/** The fields of a custom event stand beside ours. One called `data` would make the client take it for all of the event. */
function spread(fields: Json): Record<string, Json> {
  const { data, ...others } = isObject(fields) ? fields : { data: fields }
  return { ...others, ...(data !== undefined && { value: data }) }
}
