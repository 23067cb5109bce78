import type { AgentFrame } from '@shared/contracts/agentApi'
import type { JsonObject } from '@shared/domain/json'
import { itemFrame } from '../toolCalls.ts'

type Kind = 'message' | 'reasoning'

/** Messages and reasoning of an answer, which stream; both become items whose `content` grows. */
export interface MessageFrames {
  start(kind: Kind, id: string, more: JsonObject): AgentFrame[]
  content(kind: Kind, id: string, delta: string): AgentFrame[]
  end(kind: Kind, id: string): AgentFrame[]
  /** One that comes in one piece. */
  whole(kind: Kind, id: string, more: JsonObject, content: string): AgentFrame[]
  /** Whether this answer has begun such a message. */
  has(kind: Kind, id: string): boolean
  /** What the messages of a kind say up to now. */
  said(kind: Kind): string[]
}

export function messageFrames(): MessageFrames {
  const all: Record<Kind, Map<string, string>> = { message: new Map(), reasoning: new Map() }
  const keyOf = (kind: Kind, id: string) => `${kind} ${id}`

  return {
    start(kind, id, more) {
      // One that is begun anew goes on.
      if (!all[kind].has(id)) all[kind].set(id, '')
      return [{ name: 'item.start', data: { id: keyOf(kind, id), item: { type: kind, id, ...more, content: '' } } }]
    },
    content(kind, id, delta) {
      all[kind].set(id, all[kind].get(id)! + delta)
      return [{ name: 'text', data: { id: keyOf(kind, id), delta } }]
    },
    end: (kind, id) => [{ name: 'item.done', data: { id: keyOf(kind, id) } }],
    whole(kind, id, more, content) {
      all[kind].set(id, content)
      return [itemFrame({ type: kind, id, ...more, content })]
    },
    has: (kind, id) => all[kind].has(id),
    said: (kind) => [...all[kind].values()],
  }
}
