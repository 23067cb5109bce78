import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { type Row, recovery } from '../arena/row.ts'

export const row: Row = {
  number: 11,
  title: 'CLIENT KILL of normal and pub/sub connections mid-stream',
  invariants: ['I1', 'I3', 'I4', 'I8'],
  brokers: ['redis'],
  async strike(arena) {
    arena.spare('failed', 'lapsed')
    const talk = await arena.conversation()
    const after = await arena.conversation()
    await arena.crowd(2, 3)
    const turn = talk.say({ words: 80, everyMs: 30 })
    const streaming = await turn.saw('item.delta')
    let killed = 0
    for (let times = arena.pick(2, 5); times > 0; times--) {
      const type = times > 2 ? arena.one(['normal', 'pubsub']) : times > 1 ? 'normal' : 'pubsub'
      await arena.pause(300)
      killed += Number(await arena.site.redisCommand('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes'))
    }
    const struck = arena.now()
    const ended = await turn.sawEnd(0)
    const began = await after.say(BRIEF).sawStart()
    return {
      proof:
        streaming !== null && ended === null && killed > 0 ? `${killed} connections, ${turn.content} streamed` : null,
      recovery: recovery('connections killed → next run begins', struck, began, bounds.serviceBack),
    }
  },
}
