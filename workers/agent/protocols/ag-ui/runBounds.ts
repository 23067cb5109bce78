import type { AgUiEvent } from '@shared/contracts/agUi'
import { AgentFailure, invalidOutput } from '../../agentFailure.ts'

/** Which run each event of a stream is of. */
export interface RunBounds {
  /** Whether an event is of the run that was asked for. Throws AgentFailure for what may not stand where it stands. */
  isOurs(event: AgUiEvent): boolean
  /** What it means that the stream is over and that run has not ended. */
  endedEarly(): AgentFailure
}

/**
 * A stream may tell earlier runs again before the one that was asked for, which alone counts here
 * (https://docs.ag-ui.com/spec/1.0/events/lifecycle). The events that begin and end a run name it both, RUN_ERROR doesn't.
 */
export function runBounds(runId: string): RunBounds {
  let open: string | null = null
  /** The last run that wasn't asked for, and what it has failed with. */
  let other: string | null = null
  let otherError: (AgUiEvent & { type: 'RUN_ERROR' }) | null = null

  function start(started: string): boolean {
    if (open !== null) throw invalidOutput('The agent started a run within a run.')
    open = started
    if (started !== runId) other = started
    return started === runId
  }

  function finish(finished: string): boolean {
    if (finished !== open) {
      const texts = [finished, open!].map((id) => JSON.stringify(id.slice(0, 100)))
      throw invalidOutput(`The agent finished the run ${texts[0]} within the run ${texts[1]}.`)
    }
    open = null
    return finished === runId
  }

  /** Before anything has begun it can only be the failure of what was asked for. */
  function fail(event: AgUiEvent & { type: 'RUN_ERROR' }): boolean {
    if (open === runId || other === null) return true
    open = null
    otherError = event
    return false
  }

  return {
    isOurs(event) {
      if (event.type === 'RUN_STARTED') return start(event.runId)
      if (event.type === 'RUN_ERROR') return fail(event)
      if (open === null)
        throw invalidOutput(
          other === null
            ? `The agent began with ${event.type}: RUN_STARTED comes first.`
            : `The agent sent ${event.type} after the end of a run: RUN_STARTED comes first.`,
        )
      return event.type === 'RUN_FINISHED' ? finish(event.runId) : open === runId
    },
    endedEarly() {
      if (open === runId || other === null) {
        const text = 'The agent’s stream ended without RUN_FINISHED and RUN_ERROR.'
        return new AgentFailure('agent_disconnected', text, { retryable: true })
      }
      if (otherError) return runError(otherError)
      const text = `The agent told of the run ${JSON.stringify(other.slice(0, 100))} alone`
      return invalidOutput(`${text}: RUN_STARTED must name the runId that it was asked for.`)
    },
  }
}

/** Frameworks wrap what their models fail with, for the most part passing trouble: worth another attempt. */
export function runError({ message, code }: AgUiEvent & { type: 'RUN_ERROR' }): AgentFailure {
  const plain = (code ?? '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
  const isCode = /^[a-z][a-z0-9_]{0,63}$/.test(plain)
  return new AgentFailure(isCode ? plain : 'agent_error', message, { retryable: true })
}
