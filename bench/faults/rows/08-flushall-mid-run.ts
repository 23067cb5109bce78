import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { type Row, recovery } from '../arena/row.ts'

export const row: Row = {
  number: 8,
  title: 'FLUSHALL mid-run',
  invariants: ['I1', 'I3', 'I4'],
  brokers: ['redis'],
  async strike(arena) {
    const talk = await arena.conversation()
    const after = await arena.conversation()
    await arena.crowd(2, 3)
    const turn = talk.say({ words: 60, everyMs: 30 })
    const streaming = await turn.saw('item.delta')
    await arena.pause(800)
    const ended = await turn.sawEnd(0)
    await arena.site.redisCommand('FLUSHALL')
    const flushed = arena.now()
    const began = await after.say(BRIEF).sawStart()
    return {
      proof: streaming !== null && ended === null ? `${turn.content} was streaming` : null,
      recovery: recovery('FLUSHALL → next run begins', flushed, began, bounds.lostDoorbell),
    }
  },
}
