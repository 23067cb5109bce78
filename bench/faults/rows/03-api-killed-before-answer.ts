import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { BOTH, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'

/** Between the bell and the kill: the bell is on its way to the queue by then. */
const RINGS_MS = 60

export const row: Row = {
  number: 3,
  title: 'API killed after enqueue, before the response; retry',
  invariants: ['I1', 'I3'],
  brokers: BOTH,
  async strike(arena) {
    const talk = await arena.conversation()
    await arena.crowd(2, 2)
    const match = { sessionId: talk.sessionId }
    // Held back before the answer until the bell is through, then killed.
    const armed = await arena.arm('accept.rung', { action: 'kill', ms: RINGS_MS + arena.pick(0, 100), match })
    const turn = talk.say(BRIEF)
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    await arena.revive(struck)
    const back = arena.now()
    const accepted = await turn.accepted
    return {
      proof: `${turn.content} was rung and not answered`,
      recovery: recovery('API back → message accepted', back, accepted && arena.now(), bounds.serviceBack),
    }
  },
}
