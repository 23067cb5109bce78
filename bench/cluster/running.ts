import { setTimeout as sleep } from 'node:timers/promises'
import type { StartedProcess } from './startProcess.ts'

/** An AgentView that runs, in one process or in many. */
export interface Running {
  /** The API's address. */
  url: string
  /** Where events are read; the same in one process. */
  eventsUrl: string
  publishableKey: string
  /** Those that should run now. */
  processes(): StartedProcess[]
}

const LOOK_EVERY_MS = 500

/** Throws as soon as one of the processes that should run has ended, with the end of its log. Ends with `signal`. */
export async function failWhenOneEnds(running: Running, signal: AbortSignal): Promise<never> {
  for (;;) {
    const dead = running.processes().find((process) => process.end !== null)
    if (dead) throw new Error(`${dead.name} ended (${dead.end}); its log ends:\n${await dead.tail()}`)
    await sleep(LOOK_EVERY_MS, undefined, { signal })
  }
}
