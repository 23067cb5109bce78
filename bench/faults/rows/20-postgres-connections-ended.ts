import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { BOTH, type Row, recovery } from '../arena/row.ts'

export const row: Row = {
  number: 20,
  title: 'pg_terminate_backend on every connection',
  invariants: ['I1', 'I2', 'I3', 'I4', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    arena.spare('failed', 'lapsed')
    const talk = await arena.conversation()
    const after = await arena.conversation()
    await arena.crowd(3, 4)
    const turn = talk.say({ words: 80, everyMs: 30 })
    const streaming = await turn.saw('item.delta')
    let ended = 0
    for (let times = arena.pick(1, 3); times > 0; times--) {
      await arena.pause(500)
      ended += await arena.site.postgres.terminateConnections()
    }
    const struck = arena.now()
    const over = await turn.sawEnd(0)
    const began = await after.say(BRIEF).sawStart()
    return {
      proof: streaming !== null && over === null && ended > 0 ? `${ended} connections, ${turn.content} streamed` : null,
      recovery: recovery('connections ended → next run begins', struck, began, bounds.serviceBack),
    }
  },
}
