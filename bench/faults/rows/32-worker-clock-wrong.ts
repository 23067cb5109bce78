import type { Environment, Member } from '../../cluster/member.ts'
import type { Arena } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import { AGENT } from '../arena/site.ts'
import { BOTH, NOTHING_STRUCK, type Outcome, type Row, recovery } from '../arena/row.ts'

/** More than what receivers of signed requests forgive. */
const SKEW_MS = 5 * 60_000 + 10_000
/** What the agent app asks for in wrongs.ts. */
const RETRY_AFTER_MS = 2_000

const preload = new URL('../arena/skewedClock.js', import.meta.url).href

export const row: Row = {
  number: 32,
  title: 'a worker’s clock ± 5 min',
  invariants: ['I1', 'I3', 'I4', 'I8', 'I10'],
  brokers: BOTH,
  async strike(arena) {
    const [fast, slow] = arena
      .one([
        [0, 1],
        [1, 0],
      ])
      .map((index) => arena.site.cluster.workers[index])
    if (!fast || !slow) return NOTHING_STRUCK
    const skews = new Map([
      [fast, skewed(SKEW_MS)],
      [slow, skewed(-SKEW_MS)],
    ])
    await Promise.all([...skews].map(([worker, skew]) => restart(worker, skew)))
    const outcome = await strikeSkewed(arena, skews)
    await Promise.all([...skews.keys()].map((worker) => restart(worker, {})))
    return outcome
  },
}

/** Retries, and a takeover by a worker whose clock is ten minutes away from that of the lost one. */
async function strikeSkewed(arena: Arena, skews: ReadonlyMap<Member, Environment>): Promise<Outcome> {
  arena.spare()
  const retried = await arena.conversation()
  const talk = await arena.conversation()
  const crowd = await arena.crowd(3, 3)
  const wrong = { how: 'comeBackAt', times: 1, afterWords: 0 } as const
  const busy = retried.say({ words: 6, everyMs: 20, steps: 1, wrong })
  const retrying = busy.saw('run.retrying')
  const match = { sessionId: talk.sessionId }
  const armed = await arena.arm('append.committed', { action: 'kill', match, skip: arena.pick(0, 8) })
  const turn = talk.say({ words: 40, everyMs: 30, steps: 1 })
  const struck = await armed.struck()
  if (!struck) return NOTHING_STRUCK
  const killed = arena.now()
  const next = await turn.saw('run.attempt', 2)
  const lost = arena.site.memberOf(struck.pid)
  await lost.kill()
  await lost.start(skews.get(lost))
  const again = recovery('Retry-After → next attempt', await retrying, await busy.saw('run.attempt', 2), RETRY_MOST_MS)
  arena.expectWithin(again.what, again.ms, again.withinMs)
  expectAskedFor(arena, retried.sessionId)
  await Promise.all([busy, turn, ...crowd.flatMap(({ turns }) => turns)].map((one) => one.sawEnd()))
  const off = Math.round((arena.recorder.timeOf(struck.at) - killed) / 1_000)
  return {
    proof: Math.abs(off) > 300 ? `attempt 1 of ${turn.content} was on a worker ${off} s off` : null,
    recovery: recovery('worker killed → next attempt', killed, next, bounds.deadWorker(arena.leaseMs)),
  }
}

/** A clock that is ahead would not wait for the date at all, but only as long as the agent's own policy says. */
function expectAskedFor({ recorder }: Arena, sessionId: string): void {
  for (const entry of recorder.entries) {
    if (entry.kind !== 'event' || entry.event.type !== 'run.retrying' || entry.event.sessionId !== sessionId) continue
    // It may have been on the worker that was killed as well.
    if (entry.event.data.error.code !== 'agent_status') continue
    const waits = Date.parse(entry.event.data.nextAt) - Date.parse(entry.event.at)
    if (waits <= AGENT.policy.retries.backoffMs) throw new Error(`the next attempt was due after ${waits} ms already`)
  }
}

const RETRY_MOST_MS = RETRY_AFTER_MS + bounds.lostDoorbell

function skewed(ms: number): Environment {
  return { NODE_OPTIONS: `--import=${preload}`, CLOCK_SKEW_MS: String(ms) }
}

async function restart(worker: Member, environment: Environment): Promise<void> {
  await worker.terminate()
  await worker.start(environment)
}
