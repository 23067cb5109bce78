import { randomUUID } from 'node:crypto'
import type { AgentDefinition } from '@shared/domain/agents'
import type { ToolCall } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { handOverRun, pauseRun } from '@shared/store/runTransitions'
import type { RunResult } from '@workers/agent/assembleRun'
import { type AttemptInProgress, recordOf } from './attempt.ts'
import { logOutcome, persist } from './persist.ts'
import type { RunTools } from './runTools.ts'

/** The ways in which a worker is done with a run that lives on; fenced by the epoch as those of concludeRun.ts. */

/** The run waits for a person or the front end. */
export async function concludePaused(
  attempt: AttemptInProgress,
  { result, toolCalls }: { result: RunResult; toolCalls: ToolCall[] },
  { policy }: AgentDefinition,
  tools: RunTools,
  signal: AbortSignal,
): Promise<void> {
  const { sessionId, runId, epoch } = attempt.hold
  const pending = await tools.outbox.settle(attempt.hold)
  if (signal.aborted) throw signal.reason
  const { items, events, usage, state, metadata, memories } = result
  const pause = {
    sessionId,
    runId,
    epoch,
    pauseId: randomUUID(),
    toolCalls,
    expiresMs: policy.timeouts.pauseMs,
    items,
    events: [...pending, ...events],
    ...(usage && { usage }),
    ...(state !== undefined && { state }),
    ...(metadata && { metadata }),
    ...(memories && { memories }),
    attempt: recordOf(attempt, 'paused'),
  }
  if (armed) await failpoint('pause.before', { sessionId, runId })
  const written = await persist(() => pauseRun(tools.db, pause), attempt, tools, signal)
  if (armed && written) await failpoint('pause.committed', { sessionId, runId })
  if (written) tools.publish(written)
  // Fenced: or an answer was lost, and it had paused before.
  logOutcome(attempt, tools, written ? 'paused' : 'fenced')
}

/** The agent app goes on by itself and pushes what it makes. */
export async function concludeHandedOver(
  attempt: AttemptInProgress,
  { runs }: AgentDefinition,
  tools: RunTools,
  signal: AbortSignal,
): Promise<void> {
  const idleMs = runs.find((run) => run.type === attempt.claimed.run.type)?.idleTimeout ?? tunables.externalIdle
  const record = recordOf(attempt, 'running')
  const handed = await persist(() => handOverRun(tools.db, attempt.hold, idleMs, record), attempt, tools, signal)
  logOutcome(attempt, tools, handed ? 'handed over' : 'fenced')
}
