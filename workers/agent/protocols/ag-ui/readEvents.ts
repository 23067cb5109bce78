import type { AgentFrame, AgentRequest } from '@shared/contracts/agentApi'
import type { AgentFailure } from '../../agentFailure.ts'
import { itemFrame } from '../toolCalls.ts'
import { activityFrames } from './activityFrames.ts'
import { agUiParser } from './agUiParser.ts'
import { callFrames } from './callFrames.ts'
import { custom } from './customFrame.ts'
import { endFrames, usageFrames } from './endFrames.ts'
import { type PlainEvent, chunkExpander } from './expandChunks.ts'
import { answerItems } from './interrupts.ts'
import { messageFrames } from './messageFrames.ts'
import { openThings } from './openThings.ts'
import type { RunAgentInput } from './runAgentInput.ts'
import { runBounds, runError } from './runBounds.ts'
import { sharedState, workBudget } from './sharedState.ts'
import { attribution, sentMessages, snapshotFrames } from './snapshotFrames.ts'

/** Reads one answer of an AG-UI agent. */
export interface EventReader {
  /** The frames of one event; takes `data` of a server-sent event. */
  read(data: string): AgentFrame[]
  /** What it means that the stream is over before its run is. */
  endedEarly(): AgentFailure
}

/**
 *   data ─▶ agUiParser ─▶ runBounds ─▶ chunkExpander ─▶ openThings ─▶ messageFrames, callFrames, activityFrames
 *                            │                            │              └ items that grow
 *                            └ another run's: ignored     ├─▶ sharedState: told at the end
 *                                                         └─▶ endFrames: done, or pause
 * Pure but for what it remembers. What the protocol tolerates is passed over: events of unknown type, patches that don't
 * fit. What breaks its order is invalid output.
 */
export function eventReader(
  request: Pick<AgentRequest, 'toolResults' | 'runItems'>,
  input: RunAgentInput,
): EventReader {
  const parse = agUiParser()
  const bounds = runBounds(input.runId)
  const spend = workBudget()
  const expand = chunkExpander(spend)
  const checkOpen = openThings()
  const messages = messageFrames()
  const calls = callFrames(request)
  const activities = activityFrames(spend)
  const state = sharedState(input.state, spend)
  const known = { messages, calls, activities, sent: sentMessages(input.messages) }
  const declared = new Set(input.tools.map(({ name }) => name))
  let hasMade = false

  function take(event: PlainEvent): AgentFrame[] {
    switch (event.type) {
      case 'RUN_STARTED':
        return answerItems(request.toolResults, request.runItems).map(itemFrame)
      case 'RUN_FINISHED':
        return [...state.frames(), ...usageFrames(event.usage ?? []), ...endFrames(event, { calls, declared, hasMade })]
      case 'RUN_ERROR':
        return [...usageFrames(event.usage ?? []), errorFrame(runError(event))]
      case 'TEXT_MESSAGE_START': {
        const name = typeof event.name === 'string' && { name: event.name }
        const more = { role: event.role ?? 'assistant', ...name, ...attribution(event) }
        return messages.start('message', event.messageId, more)
      }
      case 'TEXT_MESSAGE_CONTENT':
        return messages.content('message', event.messageId, event.delta)
      case 'TEXT_MESSAGE_END':
        return messages.end('message', event.messageId)
      case 'REASONING_MESSAGE_START':
        return messages.start('reasoning', event.messageId, attribution(event))
      case 'REASONING_MESSAGE_CONTENT':
        return messages.content('reasoning', event.messageId, event.delta)
      case 'REASONING_MESSAGE_END':
        return messages.end('reasoning', event.messageId)
      case 'REASONING_ENCRYPTED_VALUE': {
        const { subtype, entityId, encryptedValue } = event
        return [itemFrame({ type: 'encrypted_value', subtype, entityId, encryptedValue })]
      }
      case 'TOOL_CALL_START': {
        const parent = typeof event.parentMessageId === 'string' && { messageId: event.parentMessageId }
        return calls.start(event.toolCallId, event.toolCallName, { ...parent, ...attribution(event) })
      }
      case 'TOOL_CALL_ARGS':
        return calls.args(event.toolCallId, event.delta)
      case 'TOOL_CALL_END':
        return calls.end(event.toolCallId)
      case 'TOOL_CALL_RESULT':
        return calls.result(event.toolCallId, event.content, { id: event.messageId, ...attribution(event) })
      case 'ACTIVITY_SNAPSHOT': {
        const { messageId, activityType, content, replace } = event
        return activities.snapshot(messageId, { activityType, ...attribution(event) }, content, replace !== false)
      }
      case 'ACTIVITY_DELTA':
        return activities.delta(event.messageId, event.patch)
      case 'STATE_SNAPSHOT':
        return state.replace(event.snapshot)
      case 'STATE_DELTA':
        return state.patch(event.delta)
      case 'MESSAGES_SNAPSHOT':
        return snapshotFrames(event.messages, known)
      case 'CUSTOM':
        return [custom(event.name, event.value)]
      case 'STEP_STARTED':
      case 'STEP_FINISHED':
      case 'SUBAGENT_STARTED':
      case 'SUBAGENT_FINISHED':
      case 'SUBAGENT_ERROR': {
        const { type, ...data } = event
        return [custom(`ag-ui.${type.toLowerCase()}`, data)]
      }
      case 'REASONING_START':
      case 'REASONING_END':
        return []
    }
  }

  function framesOf(event: PlainEvent): AgentFrame[] {
    checkOpen(event)
    const frames = take(event)
    hasMade ||= event.type !== 'RUN_STARTED' && frames.some(({ name }) => name === 'item' || name === 'item.start')
    return frames
  }

  return {
    read(data) {
      const event = parse(data)
      return event && bounds.isOurs(event) ? expand(event).flatMap(framesOf) : []
    },
    endedEarly: bounds.endedEarly,
  }
}

function errorFrame({ code, message, retryable }: AgentFailure): AgentFrame {
  return { name: 'error', data: { code, message, retryable } }
}
