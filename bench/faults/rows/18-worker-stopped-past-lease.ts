import { setTimeout as sleep } from 'node:timers/promises'
import { bounds } from '../arena/patience.ts'
import { BOTH, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'

/** What the old worker gets to write wrongly, once it is awake. */
const AWAKE_MS = 2_000

export const row: Row = {
  number: 18,
  title: 'worker SIGSTOP past its lease, then SIGCONT',
  invariants: ['I3', 'I5', 'I7', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    const talk = await arena.conversation()
    await arena.crowd(2, 3)
    const match = { sessionId: talk.sessionId }
    const point = arena.one(['append.before', 'append.committed', 'finish.before'])
    const armed = await arena.arm(point, {
      action: 'stop',
      match,
      skip: point === 'finish.before' ? 0 : arena.pick(0, 8),
    })
    const turn = talk.say({ words: 60, everyMs: 40 })
    const struck = await armed.struck()
    if (!struck) return NOTHING_STRUCK
    const next = await turn.saw('run.attempt', 2)
    await arena.pause(1_500)
    arena.site.memberOf(struck.pid).thaw()
    await sleep(AWAKE_MS)
    return {
      proof: `attempt 1 of ${turn.content} was at ${point}`,
      recovery: recovery(
        'worker stopped → next attempt',
        arena.recorder.timeOf(struck.at),
        next,
        bounds.deadWorker(arena.leaseMs),
      ),
    }
  },
}
