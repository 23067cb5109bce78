import { type Arena, BRIEF } from '../arena/arena.ts'
import { bounds, patience } from '../arena/patience.ts'
import { BOTH, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'

export const row: Row = {
  number: 16,
  title: 'worker killed after finish, before the queue’s ack',
  invariants: ['I2', 'I3', 'I4', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    const talk = await arena.conversation()
    await arena.crowd(2, 3)
    await strikeLast(arena)
    const match = { sessionId: talk.sessionId }
    const armed = await arena.arm('finish.committed', { action: 'kill', match })
    const first = talk.say(BRIEF)
    // Waits for the first, and nobody will ring for it.
    const next = talk.say(BRIEF)
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    const [ended, began] = await Promise.all([first.sawEnd(), next.sawStart()])
    await arena.revive(struck)
    const last = ended === null || began === null ? null : Math.max(ended, began)
    return {
      proof: `the end of ${first.content} was committed and not said`,
      recovery: recovery(
        'finish committed → end seen, next run begun',
        arena.recorder.timeOf(struck.at),
        last,
        bounds.lostDoorbell,
      ),
    }
  },
}

/** Nothing follows this run: what its worker did not say nobody says later. */
async function strikeLast(arena: Arena): Promise<void> {
  const talk = await arena.conversation()
  const armed = await arena.arm('finish.committed', { action: 'kill', match: { sessionId: talk.sessionId } })
  const turn = talk.say(BRIEF)
  const struck = await armed.struck()
  if (!struck) return
  const ended = await turn.sawEnd(patience.event)
  const committed = arena.recorder.timeOf(struck.at)
  const { what, ms, withinMs } = recovery('last end committed → seen', committed, ended, bounds.lostDoorbell)
  arena.expectWithin(what, ms, withinMs)
  await arena.revive(struck)
}
