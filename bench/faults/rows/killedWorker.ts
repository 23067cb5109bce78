import type { Script } from '../agent/script.ts'
import type { Arena } from '../arena/arena.ts'
import type { FailpointName } from '../arena/failpoints.ts'
import { bounds } from '../arena/patience.ts'
import { NOTHING_STRUCK, type Outcome, recovery } from '../arena/row.ts'

/** Kills the worker of one run at a point, and waits until another has begun the run's next attempt. */
export async function killWorkerAt(
  arena: Arena,
  point: FailpointName,
  { script, skip = 0, ms = 0 }: { script: Script; skip?: number; ms?: number },
): Promise<Outcome> {
  const talk = await arena.conversation()
  await arena.crowd(2, 3)
  const armed = await arena.arm(point, { action: 'kill', match: { sessionId: talk.sessionId }, skip, ms })
  const turn = talk.say(script)
  const struck = await armed.struck()
  if (!struck) return NOTHING_STRUCK
  const next = await turn.saw('run.attempt', 2)
  await arena.revive(struck)
  return {
    proof: `attempt 1 of ${turn.content} was at ${point}`,
    recovery: recovery(
      'worker killed → next attempt',
      arena.recorder.timeOf(struck.at),
      next,
      bounds.deadWorker(arena.leaseMs),
    ),
  }
}
