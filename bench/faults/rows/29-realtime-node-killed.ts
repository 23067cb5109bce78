import { setTimeout as sleep } from 'node:timers/promises'
import type { Script } from '../agent/script.ts'
import type { Arena } from '../arena/arena.ts'
import { bounds, patience } from '../arena/patience.ts'
import { BOTH, type Row, recovery } from '../arena/row.ts'

const SOCKETS = 500
/** They share sessions, so that what counts is the sockets and not the talk. */
const SESSIONS = 5
const CONNECT_MS = 30_000
const LOOK_MS = 50
const TALK: Script = { words: 50, everyMs: 100, steps: 1 }

export const row: Row = {
  number: 29,
  title: 'realtime node killed under 500 sockets',
  invariants: ['I4', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    const [node] = arena.site.cluster.realtimes
    if (!node) throw new Error('there is no realtime node')
    const talks = await Promise.all(Array.from({ length: SESSIONS }, () => arena.conversation([])))
    const sockets = talks.flatMap((talk) =>
      Array.from({ length: SOCKETS / SESSIONS }, () => talk.join('socket', arena.site.eventsUrls)),
    )
    await Promise.all(sockets.map((socket) => socket.until(({ seq }) => seq > 0, CONNECT_MS, 'a first event')))
    const turns = talks.map((talk) => talk.say(TALK))
    await Promise.all(turns.map((turn) => turn.saw('item.delta')))
    await arena.pause(1_500)
    const connected = sockets.filter(({ reconnects }) => reconnects === 0).length
    const ended = (await Promise.all(turns.map((turn) => turn.sawEnd(0)))).some((at) => at !== null)
    const before = arena.recorder.entries.length
    await node.kill()
    const killed = arena.now()
    const back = await lastBack(arena, before)
    await Promise.all(talks.map((talk) => talk.talk(1, { ...TALK, words: 10 })))
    return {
      proof: ended ? null : `${connected} sockets of ${node.name} saw answers grow`,
      recovery: recovery('node killed → the last socket has its next event', killed, back, bounds.readersBack),
    }
  },
}

/** When the last socket had come back and got an event; null when not all did. Looks at entries from `index` on. */
async function lastBack({ recorder }: Arena, index: number): Promise<number | null> {
  const connecting = new Set<string>()
  const back = new Set<string>()
  let last = 0
  for (let waited = 0; waited < patience.event; waited += LOOK_MS) {
    for (; index < recorder.entries.length; index++) {
      const entry = recorder.entries[index]
      if (entry?.kind === 'connecting') connecting.add(entry.reader)
      if (entry?.kind !== 'event' || !connecting.has(entry.reader) || back.has(entry.reader)) continue
      back.add(entry.reader)
      last = entry.at
    }
    if (back.size === SOCKETS) return last
    await sleep(LOOK_MS)
  }
  return null
}
