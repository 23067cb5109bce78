import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { repository } from '../cluster/repository.ts'
import { type Json, type JsonObject, isObject } from '@shared/domain/json'

/** A few recorded conversations that come with the repository. */
export const SAMPLE = path.join(repository, 'examples', 'replay', 'sample.jsonl')

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
  arguments: JsonObject
  result: Json
}

/** Reads recorded conversations, one JSON object a line; at most `limit` of them. Throws with the line that isn't one. */
export async function readConversations(file: string, limit = Number.POSITIVE_INFINITY): Promise<Conversation[]> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  const conversations: Conversation[] = []
  for (const [index, line] of lines.entries()) {
    if (conversations.length >= limit) break
    if (line.trim() !== '') conversations.push(parseLine(line, `${file}:${index + 1}`))
  }
  if (conversations.length === 0) throw new Error(`${file} holds no conversations`)
  return conversations
}

function parseLine(line: string, where: string): Conversation {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new Error(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const conversation = parseConversation(value)
  if (!conversation) throw new Error(`${where} is not a conversation { id, turns: [{ user, toolCalls, assistant }] }`)
  return conversation
}

/** The conversation in a parsed JSON value, without members that are not of the recording; null when it isn't one. */
export function parseConversation(value: unknown): Conversation | null {
  if (!isObject(value) || typeof value.id !== 'string' || !Array.isArray(value.turns)) return null
  const turns = value.turns.map(parseTurn)
  return turns.every((turn) => turn !== null) ? { id: value.id, turns } : null
}

function parseTurn(value: Json): RecordedTurn | null {
  if (!isObject(value) || typeof value.user !== 'string' || typeof value.assistant !== 'string') return null
  if (!Array.isArray(value.toolCalls)) return null
  const toolCalls = value.toolCalls.map(parseCall)
  return toolCalls.every((call) => call !== null) ? { user: value.user, toolCalls, assistant: value.assistant } : null
}

function parseCall(value: Json): RecordedCall | null {
  if (!isObject(value) || typeof value.name !== 'string' || !isObject(value.arguments)) return null
  return value.result === undefined ? null : { name: value.name, arguments: value.arguments, result: value.result }
}
