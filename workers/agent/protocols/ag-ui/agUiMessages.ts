import { ContentParts } from '@shared/contracts/agUi'
import { checkOf } from '@shared/contracts/validate'
import type { Json, JsonObject } from '@shared/domain/json'
import { answersIn, textOf } from '../toolItems.ts'

interface AgUiToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
  encryptedValue?: string
}

interface Common {
  id: string
  subagentRunId?: string
  encryptedValue?: string
}

type AssistantMessage = Common & { role: 'assistant'; name?: string; content?: string; toolCalls?: AgUiToolCall[] }
type ToolMessage = Common & { role: 'tool'; toolCallId: string; content: string | Json[]; error?: string }

/** As AG-UI has them (https://docs.ag-ui.com/spec/1.0/schema#message). */
export type AgUiMessage =
  | AssistantMessage
  | ToolMessage
  | (Common & { role: 'user'; content: string | Json[] })
  | (Common & { role: 'system' | 'developer' | 'reasoning'; content: string })

/** An item of the conversation; what agents go by to know a message again must stay the same from call to call. */
export interface PlacedItem {
  data: JsonObject
  runNo: number
  /** Its place among the items of its run. */
  index: number
  /** Of an earlier run: a call there that nobody has answered never will be. */
  isPast: boolean
}

/**
 * The conversation as messages, put together as the official client does. What an AG-UI agent made keeps its ids; the rest
 * gets one by its place. A call of an earlier run goes along with its result only, since models refuse one that was never
 * answered, and a result stands right behind the message with its call. An item of another kind is told as a user's, in JSON.
 * Activities, interrupts and their answers are no messages.
 */
export function agUiMessages(items: readonly PlacedItem[]): AgUiMessage[] {
  const conversation = new Conversation(answersIn(items.map(({ data }) => data)))
  for (const item of items) conversation.add(item)
  return conversation.messages()
}

interface PlacedCall {
  call: AgUiToolCall
  carrier: AssistantMessage
  runNo: number
  isAnswered: boolean
}

class Conversation {
  readonly #answers: ReadonlyMap<JsonObject, Json>
  readonly #messages: AgUiMessage[] = []
  readonly #results = new Map<AgUiMessage, ToolMessage[]>()
  /** The last message of each id, and the run that it is of. */
  readonly #known = new Map<string, { message: AgUiMessage; runNo: number }>()
  /** The last call of each id. */
  readonly #calls = new Map<string, PlacedCall>()

  constructor(answers: ReadonlyMap<JsonObject, Json>) {
    this.#answers = answers
  }

  messages(): AgUiMessage[] {
    return this.#messages.flatMap((message) => [message, ...(this.#results.get(message) ?? [])])
  }

  add(item: PlacedItem): void {
    const { data } = item
    switch (data['type']) {
      case 'message':
        return this.#addMessage(item)
      case 'reasoning':
        return typeof data['content'] === 'string' ? this.#addReasoning(item, data['content']) : this.#addOther(item)
      case 'tool_call':
        return this.#addCall(item)
      case 'tool_result':
        return this.#addResult(item)
      case 'encrypted_value':
        return this.#addEncrypted(data)
      case 'activity':
      case 'interrupt':
      case 'interrupt_answer':
        return
      default:
        return this.#addOther(item)
    }
  }

  #addMessage(item: PlacedItem): void {
    const { id, role, content, name } = item.data
    const again = this.#sameIn(item, id)
    const common = this.#common(item, id)
    if (role === 'assistant') {
      const text = textOf(content)
      if (again?.role === 'assistant') again.content = (again.content ?? '') + text
      else this.#put(item, { ...common, role, ...(typeof name === 'string' && { name }), content: text })
    } else if (role === 'system' || role === 'developer') this.#put(item, { ...common, role, content: textOf(content) })
    else this.#put(item, { ...common, role: 'user', content: isParts(content) ? content : textOf(content) })
  }

  #addReasoning(item: PlacedItem, content: string): void {
    const { id } = item.data
    const again = this.#sameIn(item, id)
    if (again?.role === 'reasoning') again.content += content
    else this.#put(item, { ...this.#common(item, id), role: 'reasoning', content })
  }

  #addOther(item: PlacedItem): void {
    this.#put(item, { ...this.#common(item, undefined), role: 'user', content: JSON.stringify(item.data) })
  }

  #addCall(item: PlacedItem): void {
    const { callId, name, arguments: given, messageId } = item.data
    if (item.isPast && !this.#answers.has(item.data)) return
    const text = typeof given === 'string' ? given : JSON.stringify(given ?? {})
    const call: AgUiToolCall = {
      id: textOf(callId),
      type: 'function',
      function: { name: textOf(name), arguments: text },
    }
    const before = this.#calls.get(call.id)
    // One that was begun anew.
    if (before?.runNo === item.runNo && !before.isAnswered) {
      before.call.function = call.function
      return
    }
    const parent = this.#sameIn(item, messageId)
    const carrier =
      parent?.role === 'assistant'
        ? parent
        : this.#put<AssistantMessage>(item, { ...this.#common(item, messageId ?? callId), role: 'assistant' })
    carrier.toolCalls = [...(carrier.toolCalls ?? []), call]
    this.#calls.set(call.id, { call, carrier, runNo: item.runNo, isAnswered: false })
  }

  #addResult(item: PlacedItem): void {
    const { callId, id, result, isError } = item.data
    const toolCallId = textOf(callId)
    const called = this.#calls.get(toolCallId)
    if (!called) return
    called.isAnswered = true
    const content = isParts(result) ? result : textOf(result)
    const error = isError === true && { error: textOf(result) }
    const message: ToolMessage = { ...this.#common(item, id), role: 'tool', toolCallId, content, ...error }
    this.#results.set(called.carrier, [...(this.#results.get(called.carrier) ?? []), message])
  }

  #addEncrypted({ subtype, entityId, encryptedValue }: JsonObject): void {
    if (typeof encryptedValue !== 'string') return
    const id = textOf(entityId)
    const entity = subtype === 'tool-call' ? this.#calls.get(id)?.call : this.#known.get(id)?.message
    if (entity) entity.encryptedValue = encryptedValue
  }

  /** The message of this id that the item's run has made before. */
  #sameIn({ runNo }: PlacedItem, id: Json | undefined): AgUiMessage | undefined {
    const known = typeof id === 'string' ? this.#known.get(id) : undefined
    return known?.runNo === runNo ? known.message : undefined
  }

  #put<Message extends AgUiMessage>(item: PlacedItem, message: Message): Message {
    this.#messages.push(message)
    this.#known.set(message.id, { message, runNo: item.runNo })
    return message
  }

  #common({ data, runNo, index }: PlacedItem, wanted: Json | undefined): Common {
    const own = `item-${runNo}-${index}`
    const isFree = typeof wanted === 'string' && wanted !== '' && !this.#known.has(wanted)
    const { subagentRunId } = data
    return { id: isFree ? wanted : own, ...(typeof subagentRunId === 'string' && { subagentRunId }) }
  }
}

const checkParts = checkOf(ContentParts)

/** Whether content is of parts that AG-UI knows. */
function isParts(content: Json | undefined): content is JsonObject[] {
  return Array.isArray(content) && checkParts(content).ok
}
