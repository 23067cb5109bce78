import { setTimeout as sleep } from 'node:timers/promises'
import { BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'

const AWAY_MS = 2_000
/** Long enough for Redis to be gone before the run goes on. */
const HELD_MS = 400

export const row: Row = {
  number: 9,
  title: 'Redis killed while a run ends',
  invariants: ['I1', 'I2', 'I3', 'I4', 'I8'],
  brokers: ['redis'],
  async strike(arena) {
    arena.spare('failed', 'lapsed')
    const talk = await arena.conversation()
    const after = await arena.conversation()
    await arena.crowd(3, 3)
    const point = arena.one(['finish.before', 'finish.committed'])
    const armed = await arena.arm(point, { action: 'delay', ms: HELD_MS, match: { sessionId: talk.sessionId } })
    const first = talk.say(BRIEF)
    // Waits for the first, and nobody can be rung for it.
    const next = talk.say(BRIEF)
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    await arena.site.redis.kill()
    const killed = arena.now()
    const before = await first.sawEnd(0)
    const [ended, claimed] = await Promise.all([first.sawEnd(), next.claimed()])
    await sleep(arena.pick(0, AWAY_MS))
    await arena.site.redis.start()
    const back = arena.now()
    const { what, ms, withinMs } = recovery(
      'Redis back → first run claimed',
      back,
      await after.say(BRIEF).claimed(),
      bounds.serviceBack,
    )
    arena.expectWithin(what, ms, withinMs)
    const last = ended === null || claimed === null ? null : Math.max(ended, claimed)
    return {
      proof: before === null ? `${first.content} was at ${point}` : null,
      recovery: recovery('Redis killed → end seen, next run claimed', killed, last, bounds.lostDoorbell),
    }
  },
}
