import { invalidOutput } from '../../agentFailure.ts'
import type { PlainEvent } from './expandChunks.ts'

type Kind = 'message' | 'reasoning message' | 'tool call' | 'reasoning span' | 'step' | 'subagent'

/**
 * What an agent has begun and not ended. It may begin nothing twice at a time, go on only with what is open, and leave
 * nothing open at its run's end (https://docs.ag-ui.com/spec/1.0/basic/patterns/streaming). Returns a check for each event
 * of a run, which throws AgentFailure.
 */
export function openThings(): (event: PlainEvent) => void {
  const open = new Map<string, string>()

  const keyOf = (kind: Kind, id: string) => `${kind}: ${id}`
  const told = (kind: Kind, id: string) => `the ${kind} ${JSON.stringify(id.slice(0, 100))}`

  function begin(kind: Kind, id: string, key: string = id): void {
    if (open.has(keyOf(kind, key))) throw invalidOutput(`The agent started ${told(kind, id)} twice.`)
    open.set(keyOf(kind, key), told(kind, id))
  }

  function goOn(kind: Kind, id: string, key: string = id): void {
    if (!open.has(keyOf(kind, key))) throw invalidOutput(`The agent named ${told(kind, id)}, which is not open.`)
  }

  function end(kind: Kind, id: string, key: string = id): void {
    goOn(kind, id, key)
    open.delete(keyOf(kind, key))
  }

  function refuseOpen(): void {
    const [first] = open.values()
    if (first !== undefined) throw invalidOutput(`The agent finished while ${first} was still open.`)
  }

  return (event) => {
    switch (event.type) {
      case 'TEXT_MESSAGE_START':
        return begin('message', event.messageId)
      case 'TEXT_MESSAGE_CONTENT':
        return goOn('message', event.messageId)
      case 'TEXT_MESSAGE_END':
        return end('message', event.messageId)
      case 'REASONING_MESSAGE_START':
        return begin('reasoning message', event.messageId)
      case 'REASONING_MESSAGE_CONTENT':
        return goOn('reasoning message', event.messageId)
      case 'REASONING_MESSAGE_END':
        return end('reasoning message', event.messageId)
      case 'REASONING_START':
        return begin('reasoning span', event.messageId)
      case 'REASONING_END':
        return end('reasoning span', event.messageId)
      case 'TOOL_CALL_START':
        return begin('tool call', event.toolCallId)
      case 'TOOL_CALL_ARGS':
        return goOn('tool call', event.toolCallId)
      case 'TOOL_CALL_END':
        return end('tool call', event.toolCallId)
      case 'STEP_STARTED':
        return begin('step', event.stepName, stepKey(event))
      case 'STEP_FINISHED':
        return end('step', event.stepName, stepKey(event))
      case 'SUBAGENT_STARTED':
        return begin('subagent', event.subagentRunId)
      case 'SUBAGENT_FINISHED':
      case 'SUBAGENT_ERROR':
        return end('subagent', event.subagentRunId)
      case 'RUN_FINISHED':
        return refuseOpen()
    }
  }
}

/** Agent and subagents have steps of their own, often by the same names. */
function stepKey({ stepName, subagentRunId }: { stepName: string; subagentRunId?: string | null }): string {
  return JSON.stringify([subagentRunId ?? null, stepName])
}
