import {
  type Item,
  type JsonObject,
  type MessageOptions,
  type SessionRequest,
  type SessionView,
  isObject,
} from '@agentview/contracts'
import type { ClientErrorCode } from '../clientError.ts'
import { dataOfInput } from './message.ts'
import { sameJson } from './sameJson.ts'

/** To which session a message goes: to one that exists, or to one that the first message of a draft begins. */
export type Target = { sessionId: string } | { draft: string; session: SessionRequest }

/** A message that was sent here and that the session doesn't show yet. */
export interface PendingMessage {
  /** Its idempotency key: sent again under it until it is answered, so that the server takes it once. */
  key: string
  input: string | JsonObject
  options: MessageOptions
  target: Target
  createdAt: string
  /** It was sent at least once; nobody may know whether it arrived. */
  sent?: true
  /** The newest run when it was sent first: its own run is a later one. */
  sentAfterRunNo?: number
  /** The answer: once the view has come to `seq`, it holds the item. */
  accepted?: { item: Item; seq: number }
  /** The server will not take it; only the user can decide what becomes of it. */
  refused?: { code: ClientErrorCode; message: string }
}

export type Outbox = readonly PendingMessage[]

/** The one to send next; a later one waits for it, so that they arrive in order. */
export function nextToSend(outbox: Outbox): PendingMessage | null {
  return outbox.find((message) => !message.accepted && !message.refused) ?? null
}

/** The outbox with a change to one message. */
export function change(outbox: Outbox, key: string, changes: Partial<PendingMessage>): Outbox {
  return outbox.map((message) => (message.key === key ? { ...message, ...changes } : message))
}

/** Once the first message of a draft has begun a session, the others of that draft go there. */
export function retarget(outbox: Outbox, draft: string, sessionId: string): Outbox {
  return outbox.map((message) =>
    'draft' in message.target && message.target.draft === draft ? { ...message, target: { sessionId } } : message,
  )
}

/** Without what is done: the session that is looked at holds it, or it went to another one. */
export function settle(outbox: Outbox, sessionId: string | null, view: SessionView): Outbox {
  const left = outbox.filter(
    ({ accepted }) => !accepted || (accepted.item.sessionId === sessionId && view.seq < accepted.seq),
  )
  return left.length === outbox.length ? outbox : left
}

/** The messages of what is looked at: a session, or the draft of one. */
export function ofConversation(outbox: Outbox, sessionId: string | null, draft: string): Outbox {
  return outbox.filter(({ target }) => ('draft' in target ? target.draft === draft : target.sessionId === sessionId))
}

/**
 * Which of these messages an item of the view is already, by the item's id. An item's event can be here before the
 * answer; until that tells its id, an input with the same JSON in a later run is taken to be it, so that nobody sees a
 * message twice.
 */
export function matchItems(messages: Outbox, items: readonly Item[]): Map<string, PendingMessage> {
  const matched = new Map<string, PendingMessage>()
  for (const message of messages) {
    const { accepted, sentAfterRunNo, input } = message
    if (!message.sent) continue
    const data = dataOfInput(input)
    const item = items.findLast((candidate) =>
      accepted
        ? candidate.id === accepted.item.id
        : candidate.kind === 'input' &&
          candidate.runNo > (sentAfterRunNo ?? 0) &&
          !matched.has(candidate.id) &&
          sameJson(candidate.data, data),
    )
    if (item) matched.set(item.id, message)
  }
  return matched
}

/** True for a kept outbox, as `stored` asks. */
export function isOutbox(value: unknown): value is Outbox {
  return Array.isArray(value) && value.every(isPending)
}

function isPending(value: unknown): boolean {
  if (!isObject(value) || typeof value.key !== 'string' || !isObject(value.target) || !isObject(value.options))
    return false
  return 'input' in value && (typeof value.target.sessionId === 'string' || typeof value.target.draft === 'string')
}
