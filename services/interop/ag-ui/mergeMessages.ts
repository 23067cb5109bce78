import type { ClientMessage } from '@shared/contracts/agUi'
import { uuidOf } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { type AgUiMessage, ownCallsOf } from './messages.ts'

/** What a client shows when its run begins. */
export interface Shown {
  messages: (ClientMessage | AgUiMessage)[]
  /** The client has it otherwise, so it has to be told. */
  isOther: boolean
}

/** What is known of a conversation by the server. */
export interface KnownMessages {
  history: readonly AgUiMessage[]
  /** There is more than this, before it. */
  isCut: boolean
  /** Messages that were sent together are one in the history, by the id of the last; these are the others. */
  folded: ReadonlySet<string>
  /** The run that will be told from its beginning. */
  retold: string | null
  /** What the user has said just now: it comes last. */
  fresh: ReadonlySet<string>
}

/**
 * The conversation as a client has to show it before a run: the history of the server, and what the client has of its own
 * (a greeting, messages of the system, answers to calls), each where it stood. What a broken stream has left half there, and
 * what was taken back meanwhile, is not in it.
 */
export function mergeMessages(sent: readonly ClientMessage[], known: KnownMessages): Shown {
  const history = new Map(known.history.map((message) => [message.id, message]))
  const own = new Map<string | null, ClientMessage[]>()
  const last: ClientMessage[] = []
  let anchor: string | null = null
  for (const message of sent) {
    const { id } = message
    if (history.has(id)) anchor = id
    else if (known.fresh.has(id)) last.push(message)
    else if (!known.folded.has(id) && !isStale(message, history, known, anchor === null))
      own.set(anchor, [...(own.get(anchor) ?? []), message])
  }
  const after = (id: string | null) => own.get(id) ?? []
  const past = known.history.flatMap((message) => [message, ...after(message.id)])
  const messages = [...after(null), ...past, ...last]
  const visible = sent.filter(({ id }) => !known.folded.has(id))
  const isSame = visible.length === messages.length && visible.every((message, at) => isAs(message, messages[at]!))
  return isSame ? { messages: [...sent], isOther: false } : { messages, isOther: true }
}

/** Made by the server, but not in its history (any more). */
function isStale(
  { id, role, toolCallId }: ClientMessage,
  history: ReadonlyMap<string, AgUiMessage>,
  { isCut, retold }: KnownMessages,
  isBeforeKnown: boolean,
): boolean {
  if (isCut && isBeforeKnown) return false
  const call = role === 'tool' ? (toolCallId ?? '') : id
  if (retold !== null && call.startsWith(ownCallsOf(retold))) return true
  return [id, call].some((one) => uuidOf('item', one) !== null && !history.has(one))
}

/** Only what grows in a stream may be there in part. */
function isAs(message: ClientMessage, expected: ClientMessage | AgUiMessage): boolean {
  if (message.id !== expected.id) return false
  return !['assistant', 'reasoning'].includes(expected.role) || textIn(message) === textIn(expected)
}

function textIn({ content }: { content?: JsonObject[string] | undefined }): JsonObject[string] {
  return content ?? ''
}
