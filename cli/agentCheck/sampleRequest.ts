import type { AgentRequest } from '@shared/contracts/agentApi'
import { DEFAULT_POLICY } from '@shared/domain/agents'
import { newId } from '@shared/domain/ids'
import { type JsonObject, isObject } from '@shared/domain/json'

/** What a check says to an agent app. */
export interface Sample {
  input: JsonObject
  metadata: JsonObject
  runType: string
}

/** A first message in a new session, as a worker sends it; every one is of another run. */
export function sampleRequest({ input, metadata, runType }: Sample): AgentRequest {
  const session = newId('session')
  return {
    run: { id: newId('run'), attempt: 1, leg: 0, type: runType, metadata: {} },
    session: {
      id: session,
      handle: session.slice(-8),
      agent: 'check',
      metadata,
      state: null,
      endUser: { id: newId('endUser'), externalId: null, metadata: {} },
    },
    items: [],
    incompleteItems: [],
    input,
    inputs: [input],
    runItems: [],
    toolResults: [],
    memories: [],
  }
}

/** A body with members that a newer AgentView, or a newer protocol, may add. */
export function withUnknownMembers(body: string): string {
  const request: JsonObject = JSON.parse(body)
  const unknown = { addedLater: { deep: [1, null, 'Grüße 🎉'] } }
  for (const name of ['run', 'session']) if (isObject(request[name])) request[name] = { ...request[name], ...unknown }
  return JSON.stringify({ ...request, ...unknown })
}

const LINE = 'All that was ever said in this conversation comes along. '

/** With as long a history as the default policy lets through: so many items of so many bytes. */
export function withLongHistory(request: AgentRequest): AgentRequest {
  const { maxItems, maxBytes } = DEFAULT_POLICY.history
  // A few bytes of each are what stands around its text.
  const content = LINE.repeat(Math.floor((maxBytes / maxItems - 100) / LINE.length))
  const items = Array.from({ length: maxItems }, (_, index) => {
    return { type: 'message', role: index % 2 === 0 ? 'user' : 'assistant', content }
  })
  return { ...request, items, historyTruncated: true }
}
