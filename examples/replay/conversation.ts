/** A recorded conversation: what a person said in each turn, and what the assistant did and answered. */
export interface Conversation {
  id: string
  turns: RecordedTurn[]
}

export interface RecordedTurn {
  user: string
  toolCalls: RecordedCall[]
  assistant: string
}

export interface RecordedCall {
  name: string
  arguments: Record<string, unknown>
  result: unknown
}

/** The conversation in a parsed JSON value, without members that are not ours; null when it isn't one. */
export function parseConversation(value: unknown): Conversation | null {
  if (!isRecord(value) || typeof value.id !== 'string' || !Array.isArray(value.turns)) return null
  const turns = value.turns.map(parseTurn)
  return turns.every((turn) => turn !== null) ? { id: value.id, turns } : null
}

function parseTurn(value: unknown): RecordedTurn | null {
  if (!isRecord(value) || typeof value.user !== 'string' || typeof value.assistant !== 'string') return null
  if (!Array.isArray(value.toolCalls)) return null
  const toolCalls = value.toolCalls.map(parseCall)
  return toolCalls.every((call) => call !== null) ? { user: value.user, toolCalls, assistant: value.assistant } : null
}

function parseCall(value: unknown): RecordedCall | null {
  if (!isRecord(value) || typeof value.name !== 'string' || !isRecord(value.arguments) || !('result' in value))
    return null
  return { name: value.name, arguments: value.arguments, result: value.result }
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
