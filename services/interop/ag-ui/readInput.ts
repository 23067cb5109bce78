import type { ClientMessage, RunAgentInput } from '@shared/contracts/agUi'
import type { ResumeRun } from '@shared/contracts/messages'
import { AgentViewError } from '@shared/domain/errors'
import { type Json, type JsonObject, isObject } from '@shared/domain/json'
import type { Item, Run } from '@shared/domain/objects'
import { awaitedCallId } from './messages.ts'

/** Roles that a client adds by itself, and that don't end what a user has just said. */
const ASIDE: ReadonlySet<string> = new Set(['system', 'developer', 'activity'])

/** What the user has said since anybody else has: messages at the end that the server hasn't had. */
export function freshMessages(sent: readonly ClientMessage[], had: ReadonlySet<string>): ClientMessage[] {
  const end = sent.findLastIndex(({ role }) => role !== 'user' && !ASIDE.has(role))
  return sent.slice(end + 1).filter(({ id, role }) => role === 'user' && !had.has(id))
}

/** Messages that come together are one input. Throws `invalid_request`. */
export function inputOfMessages(messages: readonly ClientMessage[]): string | JsonObject {
  const contents = messages.map(({ content }) => content)
  const texts = contents.filter((content) => typeof content === 'string')
  if (texts.length === contents.length) {
    const text = texts.filter((one) => one !== '').join('\n\n')
    if (text === '') throw new AgentViewError('invalid_request', 'The user’s message is empty: send text or parts.')
    return text
  }
  return { type: 'message', role: 'user', content: contents.flatMap(partsOf) }
}

function partsOf(content: Json | undefined): JsonObject[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }]
  if (Array.isArray(content) && content.length > 0 && content.every(isObject)) return content
  throw new AgentViewError('invalid_request', 'A user’s message has text or a list of parts as its content.')
}

/** What a paused run is answered: by messages of tools, or by `resume`. Null: by nothing. */
export function answersFor(run: Run, items: readonly Item[], input: RunAgentInput): ResumeRun | null {
  if (!run.pause) return null
  const { pauseId, toolCalls } = run.pause
  const toolResults: NonNullable<ResumeRun['toolResults']> = []
  const approvals: NonNullable<ResumeRun['approvals']> = []
  for (const call of toolCalls) {
    const { callId } = call
    const id = awaitedCallId(run, call, items)
    const entry = input.resume?.find(({ interruptId }) => interruptId === id)
    const said = input.messages.findLast(({ role, toolCallId }) => role === 'tool' && toolCallId === id)
    const approved = entry && approvalIn(entry)
    if (approved) approvals.push({ callId, ...approved })
    else if (entry) toolResults.push({ callId, output: entry.payload ?? null })
    else if (said) toolResults.push({ callId, output: outputOf(said), ...(said.error && { isError: true }) })
  }
  if (toolResults.length + approvals.length === 0) return null
  return { pauseId, toolResults, approvals }
}

type Entry = NonNullable<RunAgentInput['resume']>[number]

/** What is given up is not approved. */
function approvalIn({ status, payload }: Entry): { approved: boolean; reason?: string } | null {
  if (status === 'cancelled') return { approved: false }
  if (!isObject(payload) || typeof payload['approved'] !== 'boolean') return null
  const { approved, reason } = payload
  return { approved, ...(typeof reason === 'string' && { reason: reason.slice(0, 2_000).toWellFormed() }) }
}

/** The results of AG-UI's tools are text: an object or an array in JSON is taken as such. */
function outputOf({ content = '' }: ClientMessage): Json {
  if (typeof content !== 'string' || !/^\s*[[{]/.test(content)) return content
  try {
    const parsed: Json = JSON.parse(content)
    return parsed
  } catch {
    return content
  }
}
