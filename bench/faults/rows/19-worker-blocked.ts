import { bounds } from '../arena/patience.ts'
import { BOTH, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the old worker gets to write wrongly, once it goes on. */
const AWAKE_MS = 2_000

export const row: Row = {
  number: 19,
  title: 'worker’s event loop blocked 40 s',
  invariants: ['I3', 'I5', 'I7', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    arena.spare('failed')
    const talk = await arena.conversation()
    await arena.crowd(2, 3)
    const point = arena.one(['append.before', 'append.committed', 'finish.before'])
    const ms = (arena.leaseMs * 8) / 3
    const skip = point === 'finish.before' ? 0 : arena.pick(0, 8)
    const armed = await arena.arm(point, { action: 'block', ms, skip, match: { sessionId: talk.sessionId } })
    const turn = talk.say({ words: 60, everyMs: 40 })
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    const blocked = arena.recorder.timeOf(struck.at)
    const next = await turn.saw('run.attempt', 2)
    await sleep(Math.max(0, blocked + ms + AWAKE_MS - arena.now()))
    return {
      proof: `attempt 1 of ${turn.content} was at ${point}`,
      recovery: recovery('worker blocked → next attempt', blocked, next, bounds.deadWorker(arena.leaseMs)),
    }
  },
}
