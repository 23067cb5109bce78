import type { BatchEntry } from '@shared/contracts/messages'
import { tunables } from '@shared/domain/tunables'
import type { Accepted } from './accepted.ts'
import { beginSession } from './beginSession.ts'
import type { Talker } from './caller.ts'
import type { IntakeTools } from './intakeTools.ts'
import type { RequestKey } from './requestKey.ts'
import { sendMessage } from './sendMessage.ts'

/** One message of a batch, and how it wants to be remembered. */
export interface BatchMessage {
  entry: BatchEntry
  key: RequestKey
}

/**
 *   messages of one session: one after another, in their order │ sessions, and new ones: beside each other
 * What is plain is accepted together (store/acceptTogether): one statement for those that are under way at once. Each
 * message is accepted or refused by itself; the answers are in the order of the messages.
 */
export async function sendBatch(
  tools: IntakeTools,
  caller: Talker,
  messages: readonly BatchMessage[],
): Promise<PromiseSettledResult<Accepted>[]> {
  const results = Array.from<PromiseSettledResult<Accepted>>({ length: messages.length })
  const lines = linesOf(messages)

  async function work(): Promise<void> {
    for (let line = lines.shift(); line; line = lines.shift()) {
      for (const place of line) [results[place]] = await Promise.allSettled([send(tools, caller, messages[place]!)])
    }
  }
  await Promise.all(Array.from({ length: Math.min(lines.length, tunables.batchTogether) }, work))
  return results
}

function send(tools: IntakeTools, caller: Talker, { entry, key }: BatchMessage): Promise<Accepted> {
  const { idempotencyKey: _key, ...message } = entry
  if (!('sessionId' in message)) return beginSession(tools, caller, message, key)
  const { sessionId, ...rest } = message
  return sendMessage(tools, caller, sessionId, rest, key)
}

/** Places of messages that must keep their order among each other: those of a session, and those with one key. */
function linesOf(messages: readonly BatchMessage[]): number[][] {
  const lines = new Map<string, number[]>()
  for (const [place, { entry, key }] of messages.entries()) {
    const name = 'sessionId' in entry ? entry.sessionId : (key?.key ?? String(place))
    lines.set(name, [...(lines.get(name) ?? []), place])
  }
  return [...lines.values()]
}
