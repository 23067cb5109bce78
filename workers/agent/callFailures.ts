import { retryAfterMs } from '@shared/domain/retry'
import { OutboundRefused } from '@shared/outbound/guardedConnector'
import { AgentFailure } from './agentFailure.ts'

/** Ways in which a call fails that are no fault of what was said. */

const RETRYABLE_STATUS = new Set([408, 425, 429])

/** Only the status is told on: a body may hold what is not for end users. Its beginning is kept with the attempt. */
export function refusal(
  status: number,
  headers: Record<string, string | string[] | undefined>,
  now: Date,
): AgentFailure {
  return new AgentFailure('agent_status', `The agent app answered ${status}`, {
    retryable: status >= 500 || RETRYABLE_STATUS.has(status),
    retryAfterMs: retryAfterMs(headers['retry-after'], now.getTime()),
  })
}

export function endedEarly(): AgentFailure {
  return new AgentFailure('agent_disconnected', 'The agent app’s stream ended without "done", "pause" or "error".', {
    retryable: true,
  })
}

export function brokenConnection(error: unknown): AgentFailure {
  if (error instanceof OutboundRefused) {
    const text = `The agent app may not be called: ${error.message}.`
    return new AgentFailure('agent_unreachable', text, { retryable: false })
  }
  const text = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const unreachable = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT/.test(
    `${code} ${text}`,
  )
  return unreachable
    ? new AgentFailure('agent_unreachable', `The agent app can't be reached (${code || text}).`, { retryable: true })
    : new AgentFailure('agent_disconnected', `The connection to the agent app broke (${code || text}).`, {
        retryable: true,
      })
}
