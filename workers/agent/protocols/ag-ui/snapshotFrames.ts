import type { AgentFrame } from '@shared/contracts/agentApi'
import type { SnapshotMessage } from '@shared/contracts/agUi'
import { isObject, type JsonObject } from '@shared/domain/json'
import { itemFrame } from '../toolCalls.ts'
import type { ActivityFrames } from './activityFrames.ts'
import type { AgUiMessage } from './agUiMessages.ts'
import type { CallFrames } from './callFrames.ts'
import type { MessageFrames } from './messageFrames.ts'

/** What is known of a conversation when a snapshot of its messages comes. */
export interface Known {
  messages: MessageFrames
  calls: CallFrames
  activities: ActivityFrames
  /** What the agent was sent. */
  sent: SentMessages
}

export interface SentMessages {
  /** Ids of messages and of tool calls. */
  ids: ReadonlySet<string>
  /** What its messages say since the last one of the user. */
  texts: readonly string[]
}

export function sentMessages(messages: readonly AgUiMessage[]): SentMessages {
  const ids = messages.flatMap((message) => [message.id, ...idsOfCalls(message)])
  const recent = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1)
  const texts = recent.flatMap(({ role, content }) =>
    role === 'assistant' && typeof content === 'string' ? [content] : [],
  )
  return { ids: new Set(ids), texts }
}

function idsOfCalls(message: AgUiMessage): string[] {
  return message.role === 'assistant' ? (message.toolCalls ?? []).map(({ id }) => id) : []
}

/**
 * What a snapshot of the conversation adds to it. The history is ours and only grows, so what the agent left out or
 * changed of it stays as it is; new is what stands behind the last user's message and is neither known by its id nor, as ids
 * of streams and snapshots differ in some frameworks, by what it says.
 */
export function snapshotFrames(snapshot: readonly SnapshotMessage[], known: Known): AgentFrame[] {
  const fresh = snapshot.slice(snapshot.findLastIndex(({ role }) => role === 'user') + 1)
  // Taken once: what the snapshot itself adds doesn't count.
  const said = new Set([...known.sent.texts, ...known.messages.said('message')])
  const hasReasoned = known.messages.said('reasoning').length > 0
  return fresh.flatMap((message) => [...messageFrame(message, known, said, hasReasoned), ...calledIn(message, known)])
}

function messageFrame(
  message: SnapshotMessage,
  { messages, calls, activities, sent }: Known,
  said: ReadonlySet<string>,
  hasReasoned: boolean,
): AgentFrame[] {
  const { id, role, content, toolCallId } = message
  if (sent.ids.has(id)) return []
  const by = attribution(message)
  switch (role) {
    case 'assistant': {
      const isNew = typeof content === 'string' && content !== '' && !messages.has('message', id) && !said.has(content)
      return isNew ? messages.whole('message', id, { role, ...by }, content) : []
    }
    case 'reasoning':
      return typeof content === 'string' && !hasReasoned ? messages.whole('reasoning', id, by, content) : []
    case 'activity': {
      const isNew = isObject(content) && !activities.has(id)
      return isNew
        ? [itemFrame({ type: 'activity', id, activityType: message.activityType ?? '', ...by, content })]
        : []
    }
    case 'tool': {
      const isNew = typeof toolCallId === 'string' && !calls.isAnswered(toolCallId)
      return isNew ? calls.result(toolCallId, content ?? '', { id, ...by }) : []
    }
    default:
      return []
  }
}

function calledIn(message: SnapshotMessage, { calls, sent }: Known): AgentFrame[] {
  if (message.role !== 'assistant') return []
  const fresh = (message.toolCalls ?? []).filter(({ id }) => !calls.has(id) && !sent.ids.has(id))
  return fresh.flatMap(({ id, function: { name, arguments: text } }) =>
    calls.whole({ id, name, arguments: text }, { messageId: message.id, ...attribution(message) }),
  )
}

/** Which subagent made something, as items say it. */
export function attribution({ subagentRunId }: { subagentRunId?: string | null }): JsonObject {
  return typeof subagentRunId === 'string' ? { subagentRunId } : {}
}
