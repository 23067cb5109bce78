import type { AgentRequest } from '@shared/contracts/agentApi'
import type { OpenAiSettings } from '@shared/domain/agents'
import type { AgentCall } from '../../callAgentApp.ts'
import type { AnswerFormat } from '../../readAnswer.ts'
import { eventParser } from '../../readFrames.ts'
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
  const parser = eventParser((_event, data) => (data === null ? null : reader.event(data)))
  return {
    stream: (type) =>
      type !== 'text/event-stream'
        ? null
        : function* (lines) {
            for (const line of lines) yield* parser.line(line) ?? []
          },
    whole: reader.whole,
  }
}
