import type { Item } from '@agentview/contracts'
import { type Message, dataOfInput, messageOfItem, roleOf, textOf } from './message.ts'
import { type Outbox, type PendingMessage, matchItems } from './outbox.ts'

const NONE: readonly Message[] = []

/**
 * The messages of a conversation: its items, then what was sent and isn't among them yet. Immutable, with structural
 * sharing: an item that has not changed is the same message, and when nothing has changed it is the same list.
 */
export class MessageStore {
  #items: readonly Item[] = []
  #pending: Outbox = []
  #messages = NONE
  #ofItem = new WeakMap<Item, Message>()
  #ofPending = new WeakMap<PendingMessage, Message>()
  /** Under which key an item is listed that was sent from here. */
  readonly #keys = new Map<string, string>()

  /** These were taken: their items keep the keys that they were shown under. */
  know(outbox: Outbox): void {
    for (const { key, accepted } of outbox) if (accepted) this.#keys.set(accepted.item.id, key)
  }

  /** The list for these items and messages. */
  list(items: readonly Item[], pending: Outbox): readonly Message[] {
    if (items === this.#items && sameList(pending, this.#pending)) return this.#messages
    const matched = pending.length > 0 ? matchItems(pending, items) : new Map<string, PendingMessage>()
    for (const [itemId, { key }] of matched) this.#keys.set(itemId, key)
    const seen = new Set(matched.values())
    const unseen = pending.filter((message) => !seen.has(message))
    this.#items = items
    this.#pending = pending
    this.#messages = [
      ...items.map((item) => this.#itemMessage(item)),
      ...unseen.map((one) => this.#pendingMessage(one)),
    ]
    return this.#messages
  }

  #itemMessage(item: Item): Message {
    const known = this.#ofItem.get(item)
    if (known) return known
    const message = messageOfItem(item, this.#keys.get(item.id) ?? item.id)
    this.#ofItem.set(item, message)
    return message
  }

  #pendingMessage(pending: PendingMessage): Message {
    const known = this.#ofPending.get(pending)
    if (known) return known
    const message = messageOfPending(pending)
    this.#ofPending.set(pending, message)
    return message
  }
}

function messageOfPending({ key, input, createdAt, sent, accepted, refused }: PendingMessage): Message {
  if (accepted) return messageOfItem(accepted.item, key)
  const data = dataOfInput(input)
  return {
    ...{ key, id: null, runId: null, kind: 'input', role: roleOf(data), text: textOf(data), data, createdAt },
    status: refused ? 'failed' : sent ? 'sending' : 'queued',
    ...(refused && { error: refused }),
  }
}

function sameList(a: Outbox, b: Outbox): boolean {
  return a.length === b.length && a.every((message, at) => message === b[at])
}

/** The messages of the new list that are not in the old one: new ones and those that have changed. */
export function changedMessages(before: readonly Message[], after: readonly Message[]): readonly Message[] {
  let start = 0
  while (start < after.length && after[start] === before[start]) start++
  let end = after.length
  for (let old = before.length; end > start && old > start && after[end - 1] === before[old - 1]; old--) end--
  const known = new Set(before)
  return after.slice(start, end).filter((message) => !known.has(message))
}
