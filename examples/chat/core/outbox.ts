import { isObject } from '@shared/domain/json'
import type { Item } from '@shared/domain/objects'
import type { SessionView } from '@shared/domain/foldSession'
import type { Refusal } from './http.ts'

/** A message that the user has sent and that the session doesn't show yet. */
export interface PendingMessage {
  /** Sent again under the same key until it is acked, so that the server takes it once. */
  idempotencyKey: string
  text: string
  /** The newest run when it was first emitted: its own run is a later one. */
  sentAfterRunNo?: number
  /** The ack: once the view has come to `seq`, it holds the item. */
  accepted?: { itemId: string; runNo: number; seq: number }
  /** The server will not take it; only the user can decide what becomes of it. */
  refused?: Refusal
}

export type Outbox = readonly PendingMessage[]

/** The one to emit next; a later one waits for it, so that they arrive in order. */
export function nextToSend(outbox: Outbox): PendingMessage | null {
  return outbox.find((message) => !message.accepted && !message.refused) ?? null
}

/** The outbox with a change to one message. */
export function change(outbox: Outbox, key: string, changes: Partial<PendingMessage>): Outbox {
  return outbox.map((message) => (message.idempotencyKey === key ? { ...message, ...changes } : message))
}

/** Without the messages that the session has by now. The same list when there are none, so that nothing renders anew. */
export function settle(outbox: Outbox, view: SessionView): Outbox {
  const left = outbox.filter(({ accepted }) => !accepted || view.seq < accepted.seq)
  return left.length === outbox.length ? outbox : left
}

/**
 * The messages to show below the conversation. The item's event can be here before its ack; until the ack tells its id,
 * an unclaimed input with the same text in a later run is taken to be it, so that nobody sees a message twice.
 */
export function stillUnseen(outbox: Outbox, view: SessionView): Outbox {
  if (outbox.length === 0) return outbox
  const claimed = new Set<string>()
  return outbox.filter(({ text, sentAfterRunNo, accepted }) => {
    if (accepted) return !view.items.some((item) => item.id === accepted.itemId)
    if (sentAfterRunNo === undefined) return true
    const arrived = view.items.find((item) => isInput(item, text, sentAfterRunNo) && !claimed.has(item.id))
    if (arrived) claimed.add(arrived.id)
    return !arrived
  })
}

function isInput(item: Item, text: string, afterRunNo: number): boolean {
  return item.kind === 'input' && item.runNo > afterRunNo && item.data.content === text
}

/** The newest run that is known: of the view, or of a message that it doesn't show yet. */
export function newestRunNo(outbox: Outbox, view: SessionView): number {
  return Math.max(view.runs.at(-1)?.runNo ?? 0, ...outbox.map(({ accepted }) => accepted?.runNo ?? 0))
}

/** What an ack says of the message; null for an ack that says nothing. */
export function acceptanceOf(body: unknown): PendingMessage['accepted'] | null {
  if (!isObject(body) || !isObject(body.item)) return null
  const { item, seq } = body
  const { id, runNo } = item
  return typeof id === 'string' && typeof runNo === 'number' && typeof seq === 'number'
    ? { itemId: id, runNo, seq }
    : null
}

/** Everything not yet in the session, ready for another session: there it is new, so it gets new keys. */
export function forAnotherSession(outbox: Outbox, newKey: () => string): Outbox {
  return outbox.map(({ text }) => ({ idempotencyKey: newKey(), text }))
}

/** True for a kept outbox, as `stored` asks. */
export function isOutbox(value: unknown): value is Outbox {
  return (
    Array.isArray(value) &&
    value.every(
      (entry) => isObject(entry) && typeof entry.idempotencyKey === 'string' && typeof entry.text === 'string',
    )
  )
}
