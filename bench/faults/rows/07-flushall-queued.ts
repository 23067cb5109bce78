import { bounds } from '../arena/patience.ts'
import { BRIEF } from '../arena/arena.ts'
import { type Row, recovery } from '../arena/row.ts'

export const row: Row = {
  number: 7,
  title: 'FLUSHALL with queued runs',
  invariants: ['I1', 'I3', 'I8'],
  brokers: ['redis'],
  async strike(arena) {
    const talks = await Promise.all(Array.from({ length: arena.pick(3, 8) }, () => arena.conversation()))
    // Nobody takes what is queued until it is gone.
    for (const worker of arena.site.cluster.workers) worker.freeze()
    const turns = talks.map((talk) => talk.say(BRIEF))
    await Promise.all(turns.map(({ accepted }) => accepted))
    const begun = await Promise.all(turns.map((turn) => turn.sawStart(0)))
    await arena.site.redisCommand('FLUSHALL')
    const flushed = arena.now()
    for (const worker of arena.site.cluster.workers) worker.thaw()
    const starts = await Promise.all(turns.map((turn) => turn.sawStart()))
    const last = starts.includes(null) ? null : Math.max(...starts.map((at) => at ?? 0))
    const queued = begun.filter((at) => at === null).length
    return {
      proof: queued > 0 ? `${queued} runs were queued` : null,
      recovery: recovery('FLUSHALL → last queued run begins', flushed, last, bounds.lostDoorbell),
    }
  },
}
