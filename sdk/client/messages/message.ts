import { type Item, type ItemKind, type ItemStatus, type JsonObject, isObject } from '@agentview/contracts'
import type { ClientErrorCode } from '../clientError.ts'

/**
 * How far a message is: `queued` here, `sending`, `failed` (refused: look at `error`); then as the server has it:
 * `streaming`, `complete`, or `incomplete` (cut short).
 */
export type MessageStatus = 'queued' | 'sending' | 'failed' | ItemStatus

/** One entry of a conversation, as a page shows it. Immutable: any change makes a new one, and only of this message. */
export interface Message {
  /** The same for as long as the message is shown, also when it was sent from here: fit for a list's key. */
  readonly key: string
  /** The item's id; null until the server has taken it. */
  readonly id: string | null
  readonly runId: string | null
  readonly kind: ItemKind
  /** `user`, `assistant`, or what the agent says; null for an item that is no message. */
  readonly role: string | null
  /** What it says; null for an item that says nothing in words. */
  readonly text: string | null
  readonly status: MessageStatus
  /** The item's own JSON. */
  readonly data: JsonObject
  readonly createdAt: string
  readonly error?: { readonly code: ClientErrorCode; readonly message: string }
}

/** An item as a message. */
export function messageOfItem(item: Item, key: string): Message {
  const { id, runId, kind, status, data, createdAt } = item
  return { key, id, runId, kind, role: roleOf(data), text: textOf(data), status, data, createdAt }
}

/** What `sendMessage` takes, as the item that the server makes of it. */
export function dataOfInput(input: string | JsonObject): JsonObject {
  return typeof input === 'string' ? { type: 'message', role: 'user', content: input } : input
}

export function roleOf({ type, role }: JsonObject): string | null {
  return type === 'message' && typeof role === 'string' ? role : null
}

/** The words of a message: its `content`, as text or as parts that have text. */
export function textOf({ content }: JsonObject): string | null {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  const texts = content.flatMap((part) => (isObject(part) && typeof part.text === 'string' ? [part.text] : []))
  return texts.length > 0 ? texts.join('') : null
}
