import type { Script } from '../agent/script.ts'
import { type Arena, BRIEF } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { BOTH, type Row, recovery } from '../arena/row.ts'
import { drainOf } from '../arena/site.ts'

const EVERY_MS = 40

/** What a worker that is asked to end may find. */
type Away = 'nothing' | 'Redis' | 'Postgres'

export const row: Row = {
  number: 30,
  title: 'SIGTERM with short and long runs; with Redis or Postgres down',
  invariants: ['I1', 'I2', 'I3', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    const away = arena.site.broker === 'redis' ? arena.one(['Redis', 'Postgres']) : 'Postgres'
    // Without Postgres nothing can be given back: then its runs are those of a lost worker.
    arena.spare('failed', ...(away === 'Postgres' ? [] : (['lapsed'] as const)))
    const well = await terminateWorker(arena, 'nothing')
    const ill = await terminateWorker(arena, away)
    if (!well || !ill) return { proof: null, recovery: null }
    return {
      proof: `long and short runs were under way, once with ${away} down`,
      recovery: recovery('SIGTERM → long run begun elsewhere', well.asked, well.next, well.bound),
    }
  },
}

/** Asks the worker of a run that is longer than it may wait to end; null when nothing was under way. */
async function terminateWorker(arena: Arena, away: Away) {
  const { site } = arena
  const drainMs = drainOf(arena.leaseMs)
  const long: Script = { words: Math.ceil((drainMs * 1.5) / EVERY_MS), everyMs: EVERY_MS, steps: 1 }
  const talk = await arena.conversation()
  const others = await Promise.all(Array.from({ length: 3 }, () => arena.conversation()))
  const armed = await arena.arm('append.committed', { action: 'delay', match: { sessionId: talk.sessionId } })
  const turn = talk.say(long)
  const struck = await armed.struck()
  if (!struck) return null
  const worker = site.memberOf(struck.pid)
  const shorts = others.map((other) => other.say(BRIEF))
  await shorts[0]?.sawStart()
  if (away === 'Redis') await site.redis.kill()
  if (away === 'Postgres') await site.postgres.stopImmediate()
  const asked = arena.now()
  const end = await worker.terminate()
  arena.expectWithin(`SIGTERM (down: ${away}) → ended`, arena.now() - asked, bounds.terminated(drainMs))
  if (end !== 'code 0') throw new Error(`${worker.name} ended with ${end} when it was asked to end`)
  if (away === 'Redis') await site.redis.start()
  if (away === 'Postgres') await site.postgres.start()
  const next = away === 'Postgres' ? null : await turn.saw('run.attempt', 2)
  await worker.start()
  turn.mustEnd({ status: 'completed' })
  await turn.sawEnd()
  return { asked, next, bound: bounds.terminated(drainMs) + bounds.lostDoorbell }
}
