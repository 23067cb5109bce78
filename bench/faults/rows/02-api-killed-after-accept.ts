import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { BOTH, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'

export const row: Row = {
  number: 2,
  title: 'API killed after commit, before enqueue',
  invariants: ['I1', 'I3', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    const talk = await arena.conversation()
    const armed = await arena.arm('accept.committed', { action: 'kill', match: { sessionId: talk.sessionId } })
    const turn = talk.say(BRIEF)
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    // Nobody has rung, and nobody who could is alive: the reconciler must find it.
    const began = await turn.sawStart()
    await arena.revive(struck)
    await turn.accepted
    return {
      proof: `${turn.content} was committed and not rung`,
      recovery: recovery('bell lost → run begins', arena.recorder.timeOf(struck.at), began, bounds.lostDoorbell),
    }
  },
}
