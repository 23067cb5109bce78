import type { AgUiEvent } from '@shared/contracts/agUi'
import { invalidOutput } from '../../agentFailure.ts'

/** An event that isn't shorthand for others. */
export type PlainEvent = Exclude<AgUiEvent, { type: `${string}_CHUNK` }>
type ChunkEvent = Extract<AgUiEvent, { type: `${string}_CHUNK` }>
type Opener = Extract<PlainEvent, { type: 'TEXT_MESSAGE_START' | 'TOOL_CALL_START' | 'REASONING_MESSAGE_START' }>

/** Who sends: a subagent, or the agent itself. */
type Lane = string | null

/**
 * The plain events that each event stands for: chunks begin, grow and end messages and calls, one at a time for the agent
 * and each subagent (https://docs.ag-ui.com/spec/1.0/basic/patterns/streaming). One for an answer; `spend` is told what it
 * costs.
 */
export function chunkExpander(spend: (work: number) => void): (event: AgUiEvent) => PlainEvent[] {
  const lanes = new Map<Lane, Opener>()

  function close(lane: Lane): PlainEvent[] {
    const open = lanes.get(lane)
    lanes.delete(lane)
    return open ? [endOf(open)] : []
  }

  /** Who goes on may leave out who it is, and of what: then it is the agent itself, or the only one it can be. */
  function laneOf(chunk: ChunkEvent): Lane {
    if (typeof chunk.subagentRunId === 'string') return chunk.subagentRunId
    const own = lanes.get(null)
    if (own && continues(chunk, own)) return null
    spend(lanes.size)
    const fitting = [...lanes].filter(([, open]) => continues(chunk, open))
    if (fitting.length > 1)
      throw invalidOutput(`The agent sent a ${chunk.type} that could go on with what either subagent says.`)
    return fitting[0]?.[0] ?? null
  }

  function expand(chunk: ChunkEvent): PlainEvent[] {
    const lane = laneOf(chunk)
    const open = lanes.get(lane)
    if (open && continues(chunk, open)) {
      refuseConflict(chunk, open)
      return growth(open, chunk)
    }
    const opener = openerOf(chunk)
    const events = [...close(lane), opener, ...growth(opener, chunk)]
    lanes.set(lane, opener)
    return events
  }

  return (event) => {
    switch (event.type) {
      case 'TEXT_MESSAGE_CHUNK':
      case 'TOOL_CALL_CHUNK':
      case 'REASONING_MESSAGE_CHUNK':
        return expand(event)
      case 'ACTIVITY_SNAPSHOT':
      case 'ACTIVITY_DELTA':
      case 'REASONING_ENCRYPTED_VALUE':
      case 'SUBAGENT_STARTED':
        return [event]
      case 'RUN_STARTED':
      case 'RUN_FINISHED':
      case 'RUN_ERROR':
      case 'MESSAGES_SNAPSHOT':
        return [...[...lanes.keys()].flatMap(close), event]
      default:
        return [...close(event.subagentRunId ?? null), event]
    }
  }
}

function idOf(event: ChunkEvent | Opener): string | undefined {
  const id = event.type === 'TOOL_CALL_CHUNK' || event.type === 'TOOL_CALL_START' ? event.toolCallId : event.messageId
  return id ?? undefined
}

const OPENERS = {
  TEXT_MESSAGE_CHUNK: 'TEXT_MESSAGE_START',
  TOOL_CALL_CHUNK: 'TOOL_CALL_START',
  REASONING_MESSAGE_CHUNK: 'REASONING_MESSAGE_START',
} as const

function continues(chunk: ChunkEvent, open: Opener): boolean {
  const id = idOf(chunk)
  return open.type === OPENERS[chunk.type] && (id === undefined || id === idOf(open))
}

/** What the first chunk has said may be said again, and nothing else. */
function refuseConflict(chunk: ChunkEvent, open: Opener): void {
  const said: Record<string, unknown> = { ...open }
  const { type, delta: _delta, subagentRunId: _by, ...again } = chunk
  for (const [name, value] of Object.entries(again))
    if (value !== undefined && value !== null && value !== said[name])
      throw invalidOutput(`The agent sent a ${type} with another ${name.slice(0, 100)} than the first one.`)
}

function openerOf(chunk: ChunkEvent): Opener {
  const id = idOf(chunk)
  if (id === undefined) throw invalidOutput(`The agent sent a first ${chunk.type} without an id.`)
  const { delta: _delta, ...start } = chunk
  switch (start.type) {
    case 'TEXT_MESSAGE_CHUNK':
      return { ...start, type: 'TEXT_MESSAGE_START', messageId: id, role: start.role ?? 'assistant' }
    case 'REASONING_MESSAGE_CHUNK':
      return { ...start, type: 'REASONING_MESSAGE_START', messageId: id }
    case 'TOOL_CALL_CHUNK': {
      const { toolCallName } = start
      if (typeof toolCallName !== 'string')
        throw invalidOutput('The agent sent a first TOOL_CALL_CHUNK without the name of the tool.')
      return { ...start, type: 'TOOL_CALL_START', toolCallId: id, toolCallName }
    }
  }
}

function growth(opener: Opener, { delta }: ChunkEvent): PlainEvent[] {
  if (!delta) return []
  switch (opener.type) {
    case 'TEXT_MESSAGE_START':
      return [{ type: 'TEXT_MESSAGE_CONTENT', messageId: opener.messageId, delta }]
    case 'TOOL_CALL_START':
      return [{ type: 'TOOL_CALL_ARGS', toolCallId: opener.toolCallId, delta }]
    case 'REASONING_MESSAGE_START':
      return [{ type: 'REASONING_MESSAGE_CONTENT', messageId: opener.messageId, delta }]
  }
}

function endOf(opener: Opener): PlainEvent {
  switch (opener.type) {
    case 'TEXT_MESSAGE_START':
      return { type: 'TEXT_MESSAGE_END', messageId: opener.messageId }
    case 'TOOL_CALL_START':
      return { type: 'TOOL_CALL_END', toolCallId: opener.toolCallId }
    case 'REASONING_MESSAGE_START':
      return { type: 'REASONING_MESSAGE_END', messageId: opener.messageId }
  }
}
