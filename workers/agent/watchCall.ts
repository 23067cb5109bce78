import type { CallTimeouts } from '@shared/domain/agents'
import { AgentFailure } from './agentFailure.ts'

/** A call's idle and total time. */
export interface CallWatch {
  /** Fires when a time is over (its reason is an AgentFailure), when the caller's signal does, or by `abort`. */
  signal: AbortSignal
  /** Called for the answer's head and every whole line, so that a drip of bytes doesn't count as life. */
  alive(): void
  stop(): void
  /** Breaks the call off, also after `stop`. */
  abort(): void
}

export function watchCall({ idleMs, totalMs }: CallTimeouts, signal: AbortSignal): CallWatch {
  const controller = new AbortController()
  const expire = (what: string, ms: number) => () =>
    controller.abort(new AgentFailure('agent_timeout', `The agent app ${what} ${ms} ms.`, { retryable: true }))
  const total = setTimeout(expire('did not end within', totalMs), totalMs)
  const idle = setTimeout(expire('sent nothing for', idleMs), idleMs)
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    alive: () => void idle.refresh(),
    stop() {
      clearTimeout(total)
      clearTimeout(idle)
    },
    abort: () => controller.abort(),
  }
}
