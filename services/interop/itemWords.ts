import type { Json, JsonObject } from '@shared/domain/json'

/** Text as it is, all else as JSON. */
export function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What an assistant says with an item; null: it says nothing. */
export function wordsOf(data: JsonObject): string | null {
  const { type, role, content } = data
  return type === 'message' && role === 'assistant' && typeof content === 'string' ? content : null
}
