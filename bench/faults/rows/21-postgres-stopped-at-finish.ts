import { setTimeout as sleep } from 'node:timers/promises'
import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { BOTH, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'

const AWAY_MS = 8_000

export const row: Row = {
  number: 21,
  title: 'Postgres stopped -m immediate for 8 s at the finish',
  invariants: ['I1', 'I2', 'I3', 'I4', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    arena.spare('failed')
    const talk = await arena.conversation()
    const after = await arena.conversation()
    await arena.crowd(3, 3)
    const point = arena.one(['finish.before', 'finish.committed'])
    const match = { sessionId: talk.sessionId }
    const armed = await arena.arm(point, { action: 'delay', ms: arena.pick(0, 300), match })
    const turn = talk.say(BRIEF)
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    await arena.site.postgres.stopImmediate()
    await sleep(AWAY_MS)
    await arena.site.postgres.start()
    const back = arena.now()
    const next = after.say(BRIEF)
    // The run that was ending: its worker let go of it and said so, or is waited for as a dead one.
    const { what, ms, withinMs } = recovery(
      'Postgres back → interrupted run ended',
      back,
      await turn.sawEnd(),
      bounds.serviceBack + bounds.deadWorker(arena.leaseMs),
    )
    arena.expectWithin(what, ms, withinMs)
    return {
      proof: `${turn.content} was at ${point}`,
      recovery: recovery('Postgres back → first run claimed', back, await next.claimed(), bounds.serviceBack),
    }
  },
}
