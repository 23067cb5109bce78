import { setTimeout as sleep } from 'node:timers/promises'
import { tunables } from '@shared/domain/tunables'
import { type Arena, BRIEF } from '../arena/arena.ts'
import { bounds, patience } from '../arena/patience.ts'
import { BOTH, NEVER, NOTHING_STRUCK, type Row, recovery } from '../arena/row.ts'

const LOOK_MS = 50

export const row: Row = {
  number: 17,
  title: 'a poison run that kills every worker that takes it',
  invariants: ['I1', 'I2', 'I3', 'I8'],
  brokers: BOTH,
  async strike(arena) {
    const poison = await arena.conversation()
    const innocents = await Promise.all(Array.from({ length: 3 }, () => arena.conversation()))
    const match = { sessionId: poison.sessionId }
    const armed = await arena.arm('claim.answered', { action: 'kill', match, keep: true })
    const turn = poison.say(BRIEF)
    turn.mustEnd({ status: 'failed', errors: Array.from({ length: tunables.lapsesMax }, () => 'worker_lost') })
    const talking = innocents.map((talk) => talk.talk(4, BRIEF))
    const ending = turn.sawEnd(patience.settle)
    const workers = await superviseWorkers(arena, ending)
    await Promise.all(talking)
    for (const innocent of innocents.flatMap(({ turns }) => turns)) innocent.mustEnd({ status: 'completed' })
    const killed = await armed.all()
    await arena.site.failpoints.clear()
    // The session lives on.
    poison.say(BRIEF).mustEnd({ status: 'completed' })
    if (killed.length === 0) return NOTHING_STRUCK
    arena.expectAtMost('processes that died of one run', killed.length, tunables.lapsesMax)
    const times = killed.map(({ at }) => arena.recorder.timeOf(at))
    const end = await ending
    // The quarantine carries out one run at a time, so what is promised of it is that a run gets there, not its turn.
    const next = [times[1], await turn.saw('run.retrying', 2), end]
    const gaps = times.map((at, index) => (next[index] ?? NEVER) - at)
    const alone = killed.filter(({ pid }) => !workers.has(pid)).length
    // Beside others only until it has lost as many as may be chance.
    arena.expectAtMost('workers of others that died of it', killed.length - alone, tunables.quarantineLapses)
    return {
      proof: alone > 0 ? `${turn.content} killed ${killed.length} processes, ${alone} of them in quarantine` : null,
      recovery: recovery(
        'worker killed → next claim, quarantine, end',
        0,
        Math.max(...gaps),
        bounds.deadWorker(arena.leaseMs),
      ),
    }
  },
}

/** Starts workers again that were killed, as whatever runs a cluster does, until it is over; gives all their pids. */
async function superviseWorkers({ site }: Arena, over: Promise<unknown>): Promise<Set<number>> {
  const { workers } = site.cluster
  const pids = new Set(workers.map(({ pid }) => pid))
  for (let done = false; !done; done = await Promise.race([over.then(() => true), sleep(LOOK_MS, false)])) {
    for (const worker of workers) {
      if (worker.process.end !== 'SIGKILL') continue
      // It may be killed again before it is ready.
      await worker.restart().catch((error: unknown) => {
        if (worker.process.end !== 'SIGKILL') throw error
      })
      pids.add(worker.pid)
    }
  }
  return pids
}
