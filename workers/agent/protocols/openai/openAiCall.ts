import type { AgentRequest } from '@shared/contracts/agentApi'
import type { OpenAiSettings } from '@shared/domain/agents'
import { AgentFailure } from '../../agentFailure.ts'
import type { AgentCall } from '../../callAgentApp.ts'
import type { AnswerFormat } from '../../readAnswer.ts'
import { dataEvents } from '../dataEvents.ts'
import { chatBody, chatHeaders } from './chatRequest.ts'
import { completionReader } from './readCompletion.ts'

/** A request to an agent app as one to a Chat Completions endpoint, and how its answer is read. */
export function openAiCall(
  request: AgentRequest,
  settings: OpenAiSettings,
): Required<Pick<AgentCall, 'body' | 'headers' | 'format'>> {
  const body = JSON.stringify(chatBody(request, settings))
  return { body, headers: chatHeaders(settings), format: formatFor(request) }
}

function formatFor(request: AgentRequest): AnswerFormat {
  const reader = completionReader(request)
  return {
    stream: dataEvents(reader.event),
    whole: reader.whole,
    wanted: 'text/event-stream or application/json',
    endedEarly: () =>
      new AgentFailure('agent_disconnected', 'The endpoint’s stream ended without [DONE].', { retryable: true }),
  }
}
