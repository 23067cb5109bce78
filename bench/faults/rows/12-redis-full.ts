import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { type Row, recovery } from '../arena/row.ts'
import { postWithoutRedis } from './postWithoutRedis.ts'

export const row: Row = {
  number: 12,
  title: 'Redis at maxmemory',
  invariants: ['I1', 'I4', 'I8'],
  brokers: ['redis'],
  async strike(arena) {
    arena.spare('failed', 'lapsed')
    const talk = await arena.conversation()
    const after = await arena.conversation()
    await arena.crowd(2, 3)
    const turn = talk.say({ words: 60, everyMs: 30 })
    const streaming = await turn.saw('item.delta')
    await arena.site.redisCommand('CONFIG', 'SET', 'maxmemory', '1')
    const refused = await arena.site.redisCommand('SET', 'probe', '1').catch((error: unknown) => String(error))
    const ended = await turn.sawEnd(0)
    // It is connected and well, but takes no bells.
    await postWithoutRedis(arena, after)
    await arena.pause(3_000)
    await arena.site.redisCommand('CONFIG', 'SET', 'maxmemory', '0')
    const back = arena.now()
    const began = await (await arena.conversation()).say(BRIEF).claimed()
    const full = typeof refused === 'string' && refused.includes('OOM')
    return {
      proof: full && streaming !== null && ended === null ? `bells were refused, ${turn.content} was streaming` : null,
      recovery: recovery('room again → first run claimed', back, began, bounds.serviceBack),
    }
  },
}
