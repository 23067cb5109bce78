import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { BOTH, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'

export const row: Row = {
  number: 1,
  title: 'API killed before the accept commit; client retries its key',
  invariants: ['I1', 'I3', 'I9'],
  brokers: BOTH,
  async strike(arena) {
    const talk = await arena.conversation()
    await arena.crowd(2, 2)
    const armed = await arena.arm('accept.before', { action: 'kill', match: { sessionId: talk.sessionId } })
    const turn = talk.say(BRIEF)
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    await arena.revive(struck)
    const back = arena.now()
    const accepted = await turn.accepted
    return {
      proof: `the POST of ${turn.content} had reached ${struck.name}`,
      recovery: recovery('API back → message accepted', back, accepted && arena.now(), bounds.serviceBack),
    }
  },
}
