import type { CutReason, DeliveredEvent, Sink } from '../sink.ts'
import { type Growing, growing } from '../../../test/server/eventually.ts'

/** A reader that takes everything at once and remembers it. */
export interface Recorder extends Sink {
  events: DeliveredEvent[]
  cuts: { reason: CutReason; lastSeq: number }[]
  until: Growing<DeliveredEvent>['until']
  /** The seq that it would resume with. */
  cursor(): number
}

export function recorder(more: Partial<Sink> = {}): Recorder {
  const { all, add, finish, until } = growing<DeliveredEvent>()
  const cuts: Recorder['cuts'] = []
  return {
    events: all,
    cuts,
    until,
    cursor: () => all.at(-1)?.seq ?? 0,
    send: (entries) => entries.forEach(({ event }) => add(event)),
    pendingBytes: () => 0,
    drained: async () => undefined,
    cut(reason, lastSeq) {
      cuts.push({ reason, lastSeq })
      finish()
    },
    ...more,
  }
}

/** Resolves once a reader has the event with this seq, or a snapshot beyond it. */
export const reaching = (seq: number) => (events: readonly DeliveredEvent[]) => (events.at(-1)?.seq ?? 0) >= seq
