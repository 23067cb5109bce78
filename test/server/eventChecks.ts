import { expect } from '@jest/globals'
import { EMPTY_VIEW, type SessionView, foldSession } from '@shared/domain/foldSession'
import type { Item } from '@shared/domain/objects'
import type { DeliveredEvent } from '@shared/delivery/sink'

export const typesOf = (events: readonly DeliveredEvent[]): string[] => events.map((event) => event.type)

export const contentsOf = (items: readonly Pick<Item, 'data'>[]): unknown[] => items.map((item) => item.data['content'])

/** Every event after the cursor once and in order; one snapshot at the beginning stands for all up to its seq. */
export function expectContiguous(events: readonly DeliveredEvent[], after = 0): void {
  const first = events[0]?.type === 'snapshot' ? events[0].seq : after + 1
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => first + index))
}

/** In the stream of one run each event names the one before it. */
export function expectLinked(events: readonly DeliveredEvent[], before = 0): void {
  expect(events.map((event) => event.prev)).toEqual([before, ...events.slice(0, -1).map((event) => event.seq)])
}

/** What a reader has of a session after these events. */
export function viewOf(events: readonly DeliveredEvent[], from: SessionView = EMPTY_VIEW): SessionView {
  return foldSession(events, from)
}
