import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena/arena.ts'
import type { Conversation } from '../arena/conversation.ts'
import { bounds } from '../arena/patience.ts'
import { BOTH, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'
import type { Turn } from '../arena/turn.ts'
import type { Member } from '../../cluster/member.ts'

/** What the old worker gets to write wrongly, once it reaches Postgres again. */
const AWAKE_MS = 2_000
/** Which worker takes a run is chance. */
const TRIES = 12

export const row: Row = {
  number: 22,
  title: 'worker ↔ Postgres black-holed 30 s',
  invariants: ['I1', 'I3', 'I5', 'I7', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    arena.spare('failed')
    const { leaseMs, site } = arena
    const leading = arena.one([true, false])
    const leader = await site.reconcilerLeader()
    const found = await runOn(arena, (worker) => (worker === leader) === leading)
    if (!found) return NOTHING_STRUCK
    const { worker, turn } = found
    await arena.crowd(2, 3)
    await arena.pause(800)
    const ended = await turn.sawEnd(0)
    const link = site.links.between(worker.name, 'postgres')
    link.blackHole()
    const cut = arena.now()
    const next = await turn.saw('run.attempt', 2)
    await sleep(Math.max(0, cut + 2 * leaseMs - arena.now()))
    link.heal()
    await sleep(AWAKE_MS)
    const who = leading ? 'the leader of the reconciler' : 'a worker that does not lead'
    return {
      proof: ended === null ? `${turn.content} was streaming on ${who}` : null,
      recovery: recovery('worker cut off → next attempt', cut, next, bounds.deadWorker(leaseMs)),
    }
  },
}

/** A message whose run streams on a worker that fits. */
async function runOn(arena: Arena, fits: (worker: Member) => boolean): Promise<{ worker: Member; turn: Turn } | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const talk: Conversation = await arena.conversation()
    const match = { sessionId: talk.sessionId }
    const armed = await arena.arm('append.before', { action: 'delay', ms: 0, match })
    const turn = talk.say({ words: 100, everyMs: 40 })
    const struck = await armed.struck()
    if (!struck) return null
    const worker = arena.site.memberOf(struck.pid)
    if (fits(worker)) return { worker, turn }
  }
  return null
}
