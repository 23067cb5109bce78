import { AgentFailure } from '@workers/agent/agentFailure'
import type { CheckedProtocol } from './checkedProtocols.ts'
import type { Outcome } from './tryCall.ts'

/** What of our own codes there are; every other one is the agent's own word. */
const OURS = ['agent_unreachable', 'agent_status', 'agent_timeout', 'agent_disconnected', 'invalid_output']

/** The failure that a call ended with, or null. */
export function failureOf({ ending }: Outcome): AgentFailure | null {
  return ending instanceof AgentFailure ? ending : null
}

/** True when the agent app itself ended its answer with `error`. */
export function isOwnError({ code }: AgentFailure): boolean {
  return !OURS.includes(code)
}

export function seenOf(failure: AgentFailure): string {
  if (isOwnError(failure)) return `ends with error "${failure.code}": ${failure.message}.`
  const details = failure.details === undefined ? '' : ` ${JSON.stringify(failure.details)}`
  return failure.message.replace(/\.?$/, '.') + details
}

/** How each protocol ends a stream, where it is written down, and what is wanted of who calls. */
const WORDS = {
  agentview: {
    ends: '"done", "pause" or "error"',
    pages: 'docs/agents.md lists the frames and what is in them.',
    refused:
      'It does not accept our signature: give its secret with --secret (agentSigningSecret in credentials.json).',
    answers: 'Answer 200 with a stream or JSON, or 202.',
  },
  'ag-ui': {
    ends: 'RUN_FINISHED or RUN_ERROR',
    pages: 'https://docs.ag-ui.com/spec/1.0/events lists the events and their order.',
    refused: 'It wants to know who calls: give its key with --api-key.',
    answers: 'Accept the RunAgentInput of AG-UI 1.0, and answer 200 with a stream of events.',
  },
} as const satisfies Record<CheckedProtocol, object>

/** What helps against a failure. */
export function adviceOn({ code }: AgentFailure, status: number | undefined, protocol: CheckedProtocol): string {
  const { ends, pages } = WORDS[protocol]
  switch (code) {
    case 'agent_unreachable':
      return 'Is it running, and is the address right?'
    case 'agent_timeout':
      return `Send a comment line (":") every 15 s while there is nothing to say, and ${ends} at the end.`
    case 'agent_disconnected':
      return `End every stream with ${ends}.`
    case 'invalid_output':
      return pages
    case 'agent_status':
      return adviceOnStatus(status ?? 0, protocol)
    default:
      return 'Its own words: give it what it needs with --input and --metadata.'
  }
}

function adviceOnStatus(status: number, protocol: CheckedProtocol): string {
  const { refused, answers } = WORDS[protocol]
  if (status === 401 || status === 403) return refused
  if (status === 404) return 'Is the path right?'
  if (status === 405) return 'It has to accept POST.'
  if (status === 413) return 'Accept longer bodies: the policy’s history.maxBytes, 2 MiB unless said, and some more.'
  if (status >= 300 && status < 400) return 'Redirects are not followed: give the address itself.'
  if (status >= 500) return 'Its log says why. AgentView would try again.'
  return answers
}
