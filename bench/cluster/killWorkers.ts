import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './startCluster.ts'

export interface WorkerKilling {
  readonly killed: number
  /** Kills no more; resolves once the last killed one runs again. Throws when one did not come back. */
  stop(): Promise<void>
}

/** Kills one worker with SIGKILL every `everyMs`, in turn, and starts it anew. */
export function killWorkersInTurn({ workers }: Cluster, everyMs: number): WorkerKilling {
  const stopping = new AbortController()
  let killed = 0
  const kill = async () => {
    while (await sleep(everyMs, true, { signal: stopping.signal }).catch(() => false)) {
      await workers[killed++ % workers.length]?.restart()
    }
  }
  const killing = kill().then(
    () => null,
    (error: unknown) => error,
  )
  return {
    get killed() {
      return killed
    },
    stop: async () => {
      stopping.abort()
      const error = await killing
      if (error !== null) throw error
    },
  }
}
