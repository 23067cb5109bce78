import type { SessionEvent } from '@shared/domain/events'
import { type SessionView, EMPTY_VIEW, applyEvent } from '@shared/domain/foldSession'
import type { Item, Run } from '@shared/domain/objects'
import { textOf, wordsOf } from '../itemWords.ts'
import { answeredCall, awaitedCallId, callIn, runMessages, thoughtOf } from './messages.ts'
import { type AgUiEvent, type RunAbout, resultOf, usageOf } from './runAbout.ts'
import { spokenItems } from './spokenItems.ts'

/**
 * Turns a run's events into AG-UI's (https://docs.ag-ui.com/spec/1.0/events), in the order that its official client
 * verifies: whatever is opened is closed before the end. What was said and is taken back, by another attempt or by hiding
 * it, goes by a MESSAGES_SNAPSHOT without it.
 */
export function agUiEvents(about: RunAbout): (event: SessionEvent) => AgUiEvent[] {
  const { runId, base, before, leg, answers } = about
  let view: SessionView = { ...EMPTY_VIEW, items: before }
  let isOver = false
  const spoken = spokenItems(before)
  const hidden = new Set<string>()
  /** Thoughts that were taken back. A client keeps its own when a snapshot has none at all. */
  const takenThoughts = new Set<string>()
  /** Calls without an item that a pause waited for. */
  let awaited: string[] = []

  const own = () => view.items.filter((item) => item.runId === runId)

  function snapshot(): AgUiEvent[] {
    const shown = base.filter(({ id }) => !hidden.has(id))
    const ids = new Set(shown.map(({ id }) => id))
    const made = runMessages(own()).filter(({ role, id }) => role !== 'user' && !ids.has(id))
    const messages = [...shown, ...made]
    const hasThoughts = messages.some(({ role }) => role === 'reasoning')
    const blank = hasThoughts ? [] : [...takenThoughts].map((id) => ({ id, role: 'reasoning', content: '' }))
    return [{ type: 'MESSAGES_SNAPSHOT', messages: [...messages, ...blank] }]
  }

  function takeBack(itemIds: readonly string[]): AgUiEvent[] {
    for (const id of itemIds) hidden.add(id)
    const isShown = itemIds.some((id) => spoken.has(id) || base.some((message) => message.id === id))
    if (!isShown) return []
    for (const id of itemIds) if (spoken.kindOf(id) === 'reasoning') takenThoughts.add(id)
    const closing = spoken.closeAll()
    spoken.forget(itemIds)
    return [...closing, ...snapshot()]
  }

  function made(item: Item): AgUiEvent[] {
    const { id, kind, data, status } = item
    if (kind === 'input') return []
    if (wordsOf(data) !== null || thoughtOf(data) !== null) return spoken.grow(item)
    if (callIn(data)) return spoken.call(item)
    if (status === 'streaming' || spoken.has(id)) return []
    spoken.note(id)
    const call = answeredCall(data, own())
    if (!call) return [{ type: 'CUSTOM', name: 'item', value: data }]
    const content = textOf(data['result'] ?? null)
    return [{ type: 'TOOL_CALL_RESULT', messageId: id, toolCallId: call.id, content, role: 'tool' }]
  }

  function completed(item: Item): AgUiEvent[] {
    const events = [...made(item), ...spoken.close(item.id)]
    return spoken.isRewritten(item) ? [...events, ...snapshot()] : events
  }

  function paused(run: Run): AgUiEvent[] {
    const calls = (run.pause?.toolCalls ?? []).map((call) => ({ ...call, id: awaitedCallId(run, call, own()) }))
    const unspoken = calls.filter(({ id }) => !spoken.has(id))
    awaited = unspoken.map(({ id }) => id)
    const told = unspoken.flatMap(({ id, name, arguments: given }) => spoken.whole(id, name, textOf(given)))
    const outcome = { type: 'success', pendingToolCallIds: calls.map(({ id }) => id) }
    // One that was over when the stream began is not its end.
    return run.leg < leg ? told : [...told, ...end({ outcome })]
  }

  /** The answers that the client gave are its own; it has lost them when the run is told anew. */
  function resumed(): AgUiEvent[] {
    return awaited.splice(0).flatMap((toolCallId): AgUiEvent[] => {
      const answer = answers.get(toolCallId)
      return answer ? [{ type: 'TOOL_CALL_RESULT', toolCallId, role: 'tool', ...answer }] : []
    })
  }

  function end(more: Record<string, unknown>): AgUiEvent[] {
    isOver = true
    return [...spoken.closeAll(), { type: 'RUN_FINISHED', threadId: about.threadId, runId: about.clientRunId, ...more }]
  }

  function ended(run: Run): AgUiEvent[] {
    switch (run.status) {
      case 'completed':
        return end({ ...resultOf(own()), ...usageOf(run) })
      case 'cancelled':
        return end({ outcome: { type: 'cancelled' }, ...usageOf(run) })
      case 'failed': {
        isOver = true
        const { code = 'agent_error', message = 'The run has failed.' } = run.error ?? {}
        return [...spoken.closeAll(), { type: 'RUN_ERROR', code, message, ...usageOf(run) }]
      }
      case 'paused':
        return paused(run)
      default:
        return []
    }
  }

  function translate(event: SessionEvent): AgUiEvent[] {
    switch (event.type) {
      case 'item.created':
        return event.data.item.status === 'streaming' ? made(event.data.item) : completed(event.data.item)
      case 'item.completed':
        return event.data.item.hidden ? takeBack([event.data.item.id]) : completed(event.data.item)
      case 'item.delta': {
        const item = view.items.findLast(({ id }) => id === event.data.itemId)
        return item ? made(item) : []
      }
      case 'run.attempt':
        return takeBack(event.data.supersededItemIds)
      case 'items.hidden':
        return takeBack(event.data.itemIds)
      case 'state.updated':
        return [{ type: 'STATE_SNAPSHOT', snapshot: event.data.state }]
      case 'custom':
        return [{ type: 'CUSTOM', name: event.data.name, value: event.data.data }]
      case 'run.resumed':
        return resumed()
      case 'run.paused':
      case 'run.completed':
      case 'run.failed':
      case 'run.cancelled':
        return ended(event.data.run)
      case 'snapshot': {
        // What it had said is older than what is kept of the log.
        const run = event.data.runs.find(({ id }) => id === runId)
        const closing = spoken.closeAll()
        spoken.noteAll(own())
        const state: AgUiEvent = { type: 'STATE_SNAPSHOT', snapshot: view.state }
        return [...closing, ...snapshot(), state, ...(run ? ended(run) : end({}))]
      }
      default:
        return []
    }
  }

  return (event) => {
    if (isOver) return []
    view = applyEvent(view, event)
    const timestamp = Date.parse(event.at)
    return translate(event).map((one) => ({ ...one, timestamp }))
  }
}
