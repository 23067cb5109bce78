import { type Agent, AgentError, type Frame, type Json, defineAgent } from '@agentview/agent'
import { createOpenAI } from '@ai-sdk/openai'
import { APICallError, type LanguageModelUsage, type TextStreamPart, stepCountIs, streamText } from 'ai'
import { messagesOf } from './messages.ts'
import { tools } from './tools.ts'

export interface ModelSettings {
  /** Of any endpoint that speaks OpenAI's Chat Completions: OpenAI, vLLM, Ollama, LiteLLM … */
  baseURL: string
  apiKey: string
  model: string
  system: string
}

/** How often the model may be asked in one turn: a call of tools asks it once more. */
const MAX_STEPS = 8

/** An agent that hands the conversation to a model, carries out the tools that it calls, and streams what it says. */
export function modelAgent({ baseURL, apiKey, model, system }: ModelSettings): Agent {
  const provider = createOpenAI({ baseURL, apiKey })
  return defineAgent(
    async function* ({ items, inputs }, { signal }) {
      const answer = streamText({
        model: provider.chat(model),
        system,
        messages: messagesOf([...items, ...inputs]),
        tools,
        stopWhen: stepCountIs(MAX_STEPS),
        abortSignal: signal,
        // AgentView tries again, by the agent's policy.
        maxRetries: 0,
      })
      try {
        for await (const part of answer.fullStream) yield* framesOf(part, model)
      } catch (error) {
        throw modelError(error)
      }
    },
    { version: '1.0.0' },
  )
}

/** What one part of the model's answer is to AgentView. Each step's text is an item; the last one is the output. */
function* framesOf(part: TextStreamPart<typeof tools>, model: string): Generator<Frame> {
  switch (part.type) {
    case 'text-delta':
      return yield { event: 'text', id: part.id, delta: part.text }
    case 'text-end':
      return yield { event: 'item.done', id: part.id }
    case 'tool-call':
      return yield item({ type: 'tool_call', callId: part.toolCallId, name: part.toolName, arguments: part.input })
    case 'tool-result':
      return yield item({ type: 'tool_result', callId: part.toolCallId, result: part.output })
    case 'tool-error':
      return yield item({ type: 'tool_result', callId: part.toolCallId, isError: true, result: messageOf(part.error) })
    case 'finish':
      return yield { event: 'usage', model, ...tokens(part.totalUsage) }
    case 'error':
      throw part.error
  }
}

function item(data: object): Frame {
  return { event: 'item', item: data }
}

function tokens({ inputTokens, outputTokens }: LanguageModelUsage): { inputTokens?: number; outputTokens?: number } {
  return { ...(inputTokens !== undefined && { inputTokens }), ...(outputTokens !== undefined && { outputTokens }) }
}

/** What the endpoint says may hold what is not for end users; `streamText` has logged it. */
function modelError(cause: unknown): AgentError {
  // One that breaks off in its answer has status 200, and is called final.
  const refused = APICallError.isInstance(cause) && cause.statusCode !== undefined && cause.statusCode >= 400
  const retryable = refused ? cause.isRetryable : true
  return new AgentError('The model did not answer.', { code: 'model_error', retryable, cause })
}

function messageOf(error: unknown): Json {
  return error instanceof Error ? error.message : String(error)
}
