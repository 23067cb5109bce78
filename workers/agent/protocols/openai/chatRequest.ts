import type { AgentRequest } from '@shared/contracts/agentApi'
import type { OpenAiSettings } from '@shared/domain/agents'
import { chatMessages } from './chatMessages.ts'

/** The body of a request to a Chat Completions endpoint. What the settings add can't change what is ours. */
export function chatBody(request: AgentRequest, { model, system, tools, parameters }: OpenAiSettings) {
  return {
    ...parameters,
    model,
    messages: chatMessages(request, system),
    ...(tools && tools.length > 0 && { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) }),
    stream: true as const,
    stream_options: { include_usage: true },
  }
}

/** Nothing of AgentView's own: neither the run's token nor a signature is any business of the endpoint. */
export function chatHeaders({ apiKey }: OpenAiSettings): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/json',
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
  }
}
