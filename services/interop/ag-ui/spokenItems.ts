import type { Item } from '@shared/domain/objects'
import { wordsOf } from '../itemWords.ts'
import { callIn, thoughtOf } from './messages.ts'
import type { AgUiEvent } from './runAbout.ts'

type Kind = 'message' | 'reasoning' | 'call' | 'other'

interface Spoken {
  kind: Kind
  /** What the client has of it: its words, or the arguments of a call. */
  text: string
  isOpen: boolean
}

/** What a client has been told of items that stream, and the events that bring it further. */
export interface SpokenItems {
  /** A message or a thought, as far as it has come. */
  grow(item: Item): AgUiEvent[]
  /** A call; its arguments are told once it is whole. */
  call(item: Item): AgUiEvent[]
  /** A call without an item. */
  whole(id: string, name: string, given: string): AgUiEvent[]
  close(id: string): AgUiEvent[]
  closeAll(): AgUiEvent[]
  has(id: string): boolean
  kindOf(id: string): Kind | undefined
  /** The client has other words than the item, which can't be set right by more of them. */
  isRewritten(item: Item): boolean
  note(id: string): void
  noteAll(items: readonly Item[]): void
  forget(ids: readonly string[]): void
}

export function spokenItems(before: readonly Item[]): SpokenItems {
  const told = new Map<string, Spoken>()

  function noteAll(items: readonly Item[]): void {
    for (const { id, data } of items) {
      const kind = wordsOf(data) !== null ? 'message' : thoughtOf(data) !== null ? 'reasoning' : 'other'
      told.set(id, { kind: callIn(data) ? 'call' : kind, text: textIn(data), isOpen: false })
    }
  }
  noteAll(before)

  function open(id: string, kind: 'message' | 'reasoning'): { one: Spoken; events: AgUiEvent[] } {
    const one: Spoken = told.get(id) ?? { kind, text: '', isOpen: false }
    const events = one.isOpen ? [] : STARTS[kind](id)
    one.isOpen = true
    told.set(id, one)
    return { one, events }
  }

  function close(id: string): AgUiEvent[] {
    const one = told.get(id)
    if (!one?.isOpen) return []
    one.isOpen = false
    return ENDS[one.kind](id)
  }

  function args(id: string, given: string): AgUiEvent[] {
    return given === '' ? [] : [{ type: 'TOOL_CALL_ARGS', toolCallId: id, delta: given }]
  }

  function start(id: string, name: string): AgUiEvent[] {
    told.set(id, { kind: 'call', text: '', isOpen: true })
    return [{ type: 'TOOL_CALL_START', toolCallId: id, toolCallName: name, parentMessageId: id }]
  }

  return {
    grow({ id, data }) {
      const kind = wordsOf(data) === null ? 'reasoning' : 'message'
      const text = textIn(data)
      const known = told.get(id)
      if (known && (!text.startsWith(known.text) || text === known.text)) return []
      const { one, events } = open(id, kind)
      const delta = text.slice(one.text.length)
      one.text = text
      return delta === '' ? events : [...events, CONTENTS[kind](id, delta)]
    },
    call({ id, data, status }) {
      const call = callIn(data)
      if (!call) return []
      const known = told.get(id)
      const events = known ? [] : start(id, call.name)
      if (status === 'streaming' || (known && !known.isOpen)) return events
      told.set(id, { kind: 'call', text: call.arguments, isOpen: true })
      return [...events, ...args(id, call.arguments || '{}'), ...close(id)]
    },
    whole: (id, name, given) => [...start(id, name), ...args(id, given), ...close(id)],
    close,
    closeAll: () => [...told.keys()].flatMap(close),
    has: (id) => told.has(id),
    kindOf: (id) => told.get(id)?.kind,
    isRewritten({ id, data }) {
      const one = told.get(id)
      if (!one || one.kind === 'other' || one.text === textIn(data)) return false
      one.text = textIn(data)
      return true
    },
    note: (id) => void told.set(id, { kind: 'other', text: '', isOpen: false }),
    noteAll,
    forget(ids) {
      for (const id of ids) told.delete(id)
    },
  }
}

function textIn(data: Item['data']): string {
  return wordsOf(data) ?? thoughtOf(data) ?? callIn(data)?.arguments ?? ''
}

const STARTS = {
  message: (messageId: string) => [{ type: 'TEXT_MESSAGE_START', messageId, role: 'assistant' }],
  reasoning: (messageId: string) => [
    { type: 'REASONING_START', messageId },
    { type: 'REASONING_MESSAGE_START', messageId, role: 'reasoning' },
  ],
}

const CONTENTS = {
  message: (messageId: string, delta: string) => ({ type: 'TEXT_MESSAGE_CONTENT', messageId, delta }),
  reasoning: (messageId: string, delta: string) => ({ type: 'REASONING_MESSAGE_CONTENT', messageId, delta }),
}

const ENDS: Record<Kind, (id: string) => AgUiEvent[]> = {
  message: (messageId) => [{ type: 'TEXT_MESSAGE_END', messageId }],
  reasoning: (messageId) => [
    { type: 'REASONING_MESSAGE_END', messageId },
    { type: 'REASONING_END', messageId },
  ],
  call: (toolCallId) => [{ type: 'TOOL_CALL_END', toolCallId }],
  other: () => [],
}
