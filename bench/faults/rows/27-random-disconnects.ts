import type { Script } from '../agent/script.ts'
import type { Arena } from '../arena/arena.ts'
import type { Conversation, Transport } from '../arena/conversation.ts'
import { BOTH, type Row } from '../arena/row.ts'

const DISCONNECTS = 200
/** Between two of them at most: readers come back meanwhile, and are dropped in any state. */
const EVERY_MS = 120
const DEADLINE_MS = 90_000
const TALK: Script = { words: 40, everyMs: 25, steps: 1 }
/** Two tabs on either transport, of which one reads with the SDK. */
const TABS: readonly Transport[] = ['sse', 'sdk-sse', 'socket', 'sdk-socket']

export const row: Row = {
  number: 27,
  title: '200 random disconnects, two tabs, switching nodes',
  invariants: ['I4'],
  brokers: BOTH,
  async strike(arena) {
    const talks = await Promise.all(Array.from({ length: 3 }, () => arena.conversation(TABS)))
    let enough = false
    const talking = talks.map((talk) => talkUntil(talk, () => enough))
    const deadline = arena.now() + DEADLINE_MS
    while (disconnectsOf(arena).length < DISCONNECTS && arena.now() < deadline) {
      await disconnect(arena, talks)
      await arena.pause(EVERY_MS)
    }
    enough = true
    await Promise.all(talking)
    const found = disconnectsOf(arena)
    const sockets = found.filter(({ reader }) => /\/(sdk-)?socket/.test(reader)).length
    const events = arena.recorder.entries.filter(({ kind }) => kind === 'event').length
    const told = `${found.length} disconnects, ${sockets} of them of sockets, while ${events} events were received`
    return { proof: found.length >= DISCONNECTS && sockets > 0 && sockets < found.length ? told : null, recovery: null }
  },
}

async function talkUntil(talk: Conversation, enough: () => boolean): Promise<void> {
  while (!enough()) await talk.talk(1, TALK)
}

/** One tab goes away, or a node loses all its readers, or the network lets each have only so many bytes more. */
async function disconnect(arena: Arena, talks: readonly Conversation[]): Promise<void> {
  const link = arena.site.links.between('clients', arena.one(['realtime-1', 'realtime-2']))
  switch (arena.one(['drop', 'drop', 'drop', 'drop', 'reset', 'cut'])) {
    case 'drop': {
      const readers = talks.flatMap((talk) => talk.readers)
      return readers[arena.pick(0, readers.length - 1)]?.drop()
    }
    case 'reset':
      return void link.reset()
    case 'cut':
      link.cutAfter(arena.pick(1, 4_000))
      await arena.pause(200)
      return link.heal()
  }
}

function disconnectsOf({ recorder }: Arena) {
  return recorder.entries.filter((entry) => entry.kind === 'disconnected')
}
