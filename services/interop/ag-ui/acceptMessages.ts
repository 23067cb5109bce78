import { createHash } from 'node:crypto'
import type { ClientMessage, RunAgentInput } from '@shared/contracts/agUi'
import { AgentViewError } from '@shared/domain/errors'
import type { Json, JsonObject } from '@shared/domain/json'
import type { Accepted } from '@shared/intake/accepted'
import { beginSession } from '@shared/intake/beginSession'
import { type Talker, scopeOf } from '@shared/intake/caller'
import type { RequestKey } from '@shared/intake/requestKey'
import { sendMessage } from '@shared/intake/sendMessage'
import { isDuplicate } from '@shared/store/connectionTrouble'
import { findSession } from '@shared/store/sessions'
import type { InteropTools } from '../interopTools.ts'
import { titleOf } from '../titleOf.ts'
import { ABOUT } from './messages.ts'
import { inputOfMessages } from './readInput.ts'
import type { Thread } from './threads.ts'

/** Accepts what the user says, once for each run id of a thread; the first time with the session. */
export async function acceptMessages(
  tools: InteropTools,
  caller: Talker,
  agent: string,
  { sessionId, session, endUserId }: Thread,
  asked: RunAgentInput,
  fresh: readonly ClientMessage[],
): Promise<Accepted> {
  const input = inputOfMessages(fresh)
  const key = keyFor(sessionId, asked.runId, fresh)
  const metadata = { [ABOUT]: aboutOf(asked, fresh, session?.state) }
  const send = () => sendMessage(tools, caller, sessionId, { input, metadata }, key)
  if (session) return send()
  const title = titleOf(typeof input === 'string' ? input : textIn(fresh))
  const first = { agent, input, title, ...(endUserId !== undefined && { endUserId }) }
  try {
    return await beginSession(tools, caller, first, key, { sessionId, runMetadata: metadata })
  } catch (error) {
    if (!isDuplicate(error)) throw error
    // Another request has begun the thread meanwhile; or it was begun once, and deleted.
    if (await findSession(tools.db, scopeOf(caller), sessionId)) return send()
    throw new AgentViewError('not_found', 'This thread was deleted: begin another one, with another threadId.')
  }
}

function keyFor(sessionId: string, runId: string, fresh: readonly ClientMessage[]): RequestKey {
  const hash = (value: Json) => createHash('sha256').update(JSON.stringify(value)).digest('hex')
  const said = fresh.map(({ id, content = null }) => ({ id, content }))
  return { route: 'agUiRun', key: hash([sessionId, runId]), requestHash: hash(said) }
}

/** What goes along to the agent app, as the run's metadata; what is empty is left out. */
function aboutOf(asked: RunAgentInput, fresh: readonly ClientMessage[], known: Json = null): JsonObject {
  const { threadId, runId, state = null, tools, context, forwardedProps = null } = asked
  // A client sends back the state that it was told.
  const isNews = JSON.stringify(state) !== JSON.stringify(known)
  const given = { tools: tools ?? [], context: context ?? [], forwardedProps, ...(isNews && { state }) }
  const told: [string, Json][] = Object.entries(given).filter(([, value]) => !isEmpty(value))
  return { threadId, runId, messageIds: fresh.map(({ id }) => id), ...Object.fromEntries(told) }
}

function isEmpty(value: Json): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
}

function textIn(messages: readonly ClientMessage[]): string {
  const parts = messages.flatMap(({ content }) => (Array.isArray(content) ? content : [content ?? '']))
  const texts = parts.flatMap((part) => {
    if (typeof part === 'string') return [part]
    const text = typeof part === 'object' && part !== null && !Array.isArray(part) ? part['text'] : undefined
    return typeof text === 'string' ? [text] : []
  })
  return texts.join('\n')
}
