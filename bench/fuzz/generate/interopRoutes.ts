import type { Schema } from './fromSchema.ts'
import type { FuzzedRoute } from './routes.ts'

const text: Schema = { type: 'string', minLength: 1, maxLength: 20 }

/** What AG-UI's clients send, with values that mean something: threads that meet, messages that are new or known. */
const RUN_AGENT_INPUT: Schema = {
  type: 'object',
  required: ['threadId', 'runId', 'messages'],
  properties: {
    threadId: { enum: ['thread-1', 'thread-2', 'Zoë \u{1f600}'] },
    runId: { anyOf: [text, { enum: ['run-1', 'run-2'] }] },
    messages: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['id', 'role', 'content'],
        properties: {
          id: { anyOf: [text, { enum: ['m-1', 'm-2'] }] },
          role: { enum: ['user', 'user', 'user', 'assistant', 'system', 'tool'] },
          content: { anyOf: [text, text, {}] },
          toolCallId: text,
        },
      },
    },
    state: {},
    tools: { type: 'array', items: { type: 'object', required: ['name'], properties: { name: text } } },
    context: { type: 'array', items: { type: 'object' } },
    forwardedProps: {},
    resume: {
      type: 'array',
      items: {
        type: 'object',
        required: ['interruptId', 'status'],
        properties: { interruptId: text, status: { enum: ['resolved', 'cancelled'] }, payload: {} },
      },
    },
  },
}

/** Routes for clients of other protocols, which the OpenAPI document doesn't have; those that refuse as all others do. */
export const INTEROP_ROUTES: readonly FuzzedRoute[] = [
  {
    operationId: 'runAgUiAgent',
    method: 'POST',
    path: '/ag-ui/{agent}',
    security: ['secretKey', 'endUserToken'],
    params: { agent: { type: 'string' } },
    query: {},
    headers: {},
    body: RUN_AGENT_INPUT,
    responses: { 200: { 'text/event-stream': {} } },
    isForeign: true,
  },
]
