import { randomBytes } from 'node:crypto'
import type { AgentRequest } from '@shared/contracts/agentApi'
import type { AgentCall } from '@workers/agent/callAgentApp'
import { agUiCallFor } from '@workers/agent/protocols/ag-ui/agUiCall'
import { signatureHeaders } from '@workers/webhooks/signatureHeaders'
import type { CheckedProtocol } from './checkedProtocols.ts'

/** What can be checked. A Chat Completions endpoint is a model's: whether it answers is seen by asking it. */

export interface Signing {
  protocol: CheckedProtocol
  secret: string
  /** When it is said to be signed. */
  signedAt: Date
  /** Sent as a bearer token to an AG-UI agent. */
  apiKey?: string | undefined
}

type Call = Pick<AgentCall, 'body' | 'headers' | 'format'>

/** A call as a worker makes it; `change` is made to the body before it is signed. */
export function callOf(
  request: AgentRequest,
  { protocol, secret, signedAt, apiKey }: Signing,
  change: (body: string) => string = (body) => body,
): Call {
  const made = protocol === 'ag-ui' ? agUiCheckCall(request, apiKey) : ownCall(request)
  const { id, attempt, leg } = request.run
  const body = change(made.body)
  const headers = {
    'agentview-run-id': id,
    'agentview-attempt': String(attempt),
    'idempotency-key': `${id}:${leg}`,
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
    ...signatureHeaders([secret], `${id}-${attempt}`, body, signedAt),
    ...made.headers,
  }
  return { ...made, body, headers }
}

function ownCall(request: AgentRequest): Call {
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/x-ndjson, application/json',
    'agentview-run-token': 'av_rt_check',
  }
  return { body: JSON.stringify(request), headers }
}

function agUiCheckCall(request: AgentRequest, apiKey: string | undefined): Call {
  const history = request.items.map((_, index) => Math.floor(index / 2) + 1)
  const own = (history.at(-1) ?? 0) + 1
  return agUiCallFor(request, { history, own }, { ...(apiKey !== undefined && { apiKey }) })
}
