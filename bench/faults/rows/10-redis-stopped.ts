import { setTimeout as sleep } from 'node:timers/promises'
import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { type Row, recovery } from '../arena/row.ts'
import { postWithoutRedis } from './postWithoutRedis.ts'

/** Longer than a connection may be silent (tunables.broker.alive), which is not scaled. */
const LEAST_MS = 6_000

export const row: Row = {
  number: 10,
  title: 'Redis SIGSTOP 20 s',
  invariants: ['I1', 'I3', 'I4', 'I8'],
  brokers: ['redis'],
  async strike(arena) {
    arena.spare('failed', 'lapsed')
    const stoppedMs = Math.max(LEAST_MS, (arena.leaseMs * 4) / 3)
    const talk = await arena.conversation()
    const after = await arena.conversation()
    await arena.crowd(2, 3)
    const turn = talk.say({ words: 60, everyMs: 30 })
    const streaming = await turn.saw('item.delta')
    await arena.pause(800)
    const ended = await turn.sawEnd(0)
    arena.site.redis.freeze()
    const stopped = arena.now()
    await postWithoutRedis(arena, after)
    await sleep(Math.max(0, stopped + stoppedMs - arena.now()))
    arena.site.redis.thaw()
    const back = arena.now()
    const began = await (await arena.conversation()).say(BRIEF).claimed()
    return {
      proof: streaming !== null && ended === null ? `${turn.content} was streaming` : null,
      recovery: recovery('Redis back → first run claimed', back, began, bounds.serviceBack),
    }
  },
}
