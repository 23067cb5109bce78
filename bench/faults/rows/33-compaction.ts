import { setTimeout as sleep } from 'node:timers/promises'
import type { Script } from '../agent/script.ts'
import { type Arena, BRIEF } from '../arena/arena.ts'
import { compactNow, dropPartitionNow, openDeltas } from '../arena/compactNow.ts'
import { BOTH, type Row } from '../arena/row.ts'

const LIVE: Script = { words: 60, everyMs: 40, steps: 1 }
const ROUNDS = 6

export const row: Row = {
  number: 33,
  title: 'compaction while clients reconnect',
  invariants: ['I3', 'I4'],
  brokers: BOTH,
  async strike(arena) {
    await openDeltas(arena.site.postgres)
    const talk = await arena.conversation()
    const [first = ''] = arena.site.eventsUrls
    // They read from one node alone, from which they will be cut off for a while.
    for (const transport of ['sse', 'socket'] as const) talk.join(transport, [first])
    await talk.talk(arena.pick(1, 3), BRIEF)
    const missed = talk.say({ words: 20, everyMs: 30, steps: 1 })
    await missed.saw('item.delta')
    await arena.pause(400)
    arena.site.links.between('clients', 'realtime-1').refuse()
    await missed.sawEnd()
    const live = talk.say(LIVE)
    await live.saw('item.delta')
    const forgotten = await compactNow(arena.site.postgres)
    arena.site.links.between('clients', 'realtime-1').heal()
    const dropped = await compactAndReconnect(arena)
    await live.sawEnd()
    const snapshots = arena.recorder.entries.filter(
      (entry) => entry.kind === 'event' && entry.event.type === 'snapshot',
    )
    const cut = snapshots.length
    return {
      proof:
        forgotten > 0 && cut > 0 && dropped > 0
          ? `${forgotten} deltas and logs forgotten, ${dropped} deltas dropped with their partitions, ${cut} snapshots were read`
          : null,
      recovery: null,
    }
  },
}

/** Readers of all kinds come and go while what has ended is forgotten, again and again; how much was dropped as a partition. */
async function compactAndReconnect(arena: Arena): Promise<number> {
  const brief = await arena.conversation()
  let dropped = 0
  for (let round = 0; round < ROUNDS; round++) {
    await brief.talk(1, BRIEF)
    for (const { readers, turns } of arena.conversations) {
      if (turns.length > 0) readers[arena.pick(0, readers.length - 1)]?.drop()
    }
    const forgetting = round % 2 === 0 ? dropPartitionNow(arena.site.postgres) : compactNow(arena.site.postgres)
    const [gone] = await Promise.all([forgetting, sleep(arena.pick(50, 400))])
    if (round % 2 === 0) dropped += gone
  }
  return dropped
}
