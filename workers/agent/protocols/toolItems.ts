import type { Json, JsonObject } from '@shared/domain/json'

/** A call's answer, as a resumed leg gets it, as an item of the history. */
export function toolResultItem({ callId, output, ...rest }: JsonObject): JsonObject {
  const { isError, ...approval } = rest
  const result = output === undefined ? approval : output
  return { type: 'tool_result', callId: callId ?? null, result, ...(isError === true && { isError }) }
}

/** The result of each call that has one: the next with its id, since ids may come again in a later run. */
export function answersIn(items: readonly JsonObject[]): Map<JsonObject, Json> {
  const next = new Map<Json | undefined, Json>()
  const answers = new Map<JsonObject, Json>()
  for (const item of items.toReversed()) {
    if (item['type'] === 'tool_result') next.set(item['callId'], item['result'] ?? null)
    const answer = item['type'] === 'tool_call' ? next.get(item['callId']) : undefined
    if (answer === undefined) continue
    answers.set(item, answer)
    next.delete(item['callId'])
  }
  return answers
}

/** Text as it is, all else as JSON. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
