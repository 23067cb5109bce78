import { setTimeout as sleep } from 'node:timers/promises'
import { isConnectionTrouble } from '@shared/store/connectionTrouble'
import type { AgentFailure } from '@workers/agent/agentFailure'
import type { AttemptInProgress } from './attempt.ts'
import type { RunTools } from './runTools.ts'

/** Between two tries to write while Postgres is away, in ms. */
export const PAUSE_MS = 200

/**
 * Asks until Postgres has answered: a connection may break before or after the commit, and doing it again is harmless
 * (the epoch lets it happen once). What Postgres refuses for what it says is not tried again. Ends when the run is
 * broken off: a worker that can't reach Postgres fences itself.
 */
export async function persist<Result>(
  ask: () => Promise<Result>,
  attempt: AttemptInProgress,
  tools: RunTools,
  signal: AbortSignal,
): Promise<Result> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isConnectionTrouble(error)) throw error
      tools.log.warn({ err: error, runId: attempt.hold.runId }, 'Postgres is away, a run waits to be written')
    }
    await sleep(PAUSE_MS)
    if (signal.aborted) throw signal.reason
  }
}

/** One line for each way in which an attempt ends. */
export function logOutcome(attempt: AttemptInProgress, tools: RunTools, outcome: string, failure?: AgentFailure): void {
  const { runId, sessionId, attempt: number } = attempt.hold
  const { organizationId } = attempt.claimed.run
  const about = { runId, sessionId, organizationId, attempt: number, ...(failure && { code: failure.code }) }
  tools.log.info(about, `run ${outcome}`)
}
