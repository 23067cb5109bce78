import { setTimeout as sleep } from 'node:timers/promises'
import type { Reader } from '../../client/reader.ts'
import { tunables } from '@shared/domain/tunables'
import { percentile } from '../../percentile.ts'
import type { Script } from '../agent/script.ts'
import type { Arena } from '../arena/arena.ts'
import type { Conversation } from '../arena/conversation.ts'
import { peakMemoryOf } from '../arena/memoryOf.ts'
import { BOTH, NEVER, type Row } from '../arena/row.ts'

const IDLERS = 40
/** An answer of 6 MB, several times what a reader may leave unsent. */
const FLOOD: Script = { words: 3, everyMs: 25, steps: 60, stepBytes: 100_000 }
const FLOODS = 3
const WHOLE_BYTES = FLOODS * (FLOOD.steps ?? 0) * (FLOOD.stepBytes ?? 0)
/** What all of them may leave unsent, and garbage; a node that cuts nobody keeps everything for each, four times as much. */
const GROWTH_BYTES = (IDLERS * WHOLE_BYTES) / 4
const TALK: Script = { words: 30, everyMs: 40 }
/** What readers on the node of the idlers may be behind those on the other one, in the median. */
const BEHIND_MS = 250
const WAKES_MS = 15_000
/** What a busy node may add to the time after which it cuts a reader. */
const BUSY_MS = 8_000

export const row: Row = {
  number: 28,
  title: 'a client that never reads',
  invariants: ['I4', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    const [node] = arena.site.cluster.realtimes
    if (!node) throw new Error('there is no realtime node')
    const flooded = await arena.conversation(['sse', 'sse'])
    const bystander = await arena.conversation(['sse', 'sse'])
    const link = await arena.site.links.route('stalled', node.name, node.url)
    const sleepers = [flooded.join('sse', [link]), flooded.join('socket', [link])]
    // What the same takes when everybody reads.
    const before = await peakMemoryOf(node.pid, flooded.talk(FLOODS, FLOOD))

    // Live, all of them: who is still reading the past is waited for, and not cut.
    await flooded.settle()
    const idlers = await flooded.idle(node.url, IDLERS)
    const stalled = arena.site.links.between('stalled', node.name)
    const connections = sleepers.map(({ reconnects }) => reconnects)
    stalled.stall()
    const from = arena.now()
    const flood = flooded.talk(FLOODS, FLOOD)
    const talking = bystander.talk(FLOODS, TALK)
    const during = await peakMemoryOf(node.pid, flood)
    await talking
    arena.expectAtMost('bytes that the node has grown by', during - before, GROWTH_BYTES)
    const grown = `the node grew by ${during - before} bytes`
    arena.expectWithin('others on the node behind those on the other node', behind(arena, bystander, from), BEHIND_MS)

    // One that has lost patience meanwhile shows nothing.
    const asleep = sleepers.every(({ reconnects }, index) => reconnects === connections[index])
    await sleep(tunables.readerStall + BUSY_MS)
    const cut = await Promise.all(idlers.map((idler) => idler.wake(WAKES_MS)))
    stalled.heal()
    const back = await Promise.all(sleepers.map((reader, index) => comesBack(reader, connections[index] ?? 0)))
    const got = cut.filter((bytes) => bytes !== null)
    const uncut = IDLERS - got.length + back.filter((came) => !came).length
    arena.expectAtMost('clients that did not read and were not cut', uncut, 0)
    const most = Math.max(...got, 0)
    return {
      proof:
        asleep && most < WHOLE_BYTES
          ? `${got.length} of ${IDLERS} were cut with at most ${most} bytes of ${WHOLE_BYTES}, ${grown}`
          : null,
      recovery: null,
    }
  },
}

/** Whether it was cut while it slept: it connects again once it reads. */
async function comesBack(reader: Reader, connections: number): Promise<boolean> {
  for (let waited = 0; waited < WAKES_MS && reader.reconnects === connections; waited += 50) await sleep(50)
  return reader.reconnects > connections
}

/** How much later the reader on the first node got the same events, in the median; both are in this process. */
function behind({ recorder }: Arena, { sessionId }: Conversation, from: number): number {
  const seen = new Map<number, number>()
  const later: number[] = []
  for (const node of ['sse-2', 'sse-1']) {
    for (const entry of recorder.entries) {
      if (entry.kind !== 'event' || entry.event.sessionId !== sessionId || entry.at < from) continue
      if (!entry.reader.endsWith(node)) continue
      const other = seen.get(entry.event.seq)
      if (node === 'sse-2') seen.set(entry.event.seq, entry.at)
      else if (other !== undefined) later.push(entry.at - other)
    }
  }
  return Math.max(0, percentile(later, 50) ?? NEVER)
}
