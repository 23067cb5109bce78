import type { Conversation } from './conversations.ts'
import { limits } from '../client/limits.ts'
import { type ConversationResult, type Target, playConversation } from './playConversation.ts'

/**
 * Plays all conversations, `concurrency` at a time; gives their results in the order of the file. Stops early when too
 * many can't be played: a server that is gone would hold up each of them. None is begun once `forMs` are over.
 */
export async function playAll(
  conversations: readonly Conversation[],
  target: Target,
  concurrency: number,
  onTurn: () => void,
  forMs = Number.POSITIVE_INFINITY,
): Promise<ConversationResult[]> {
  const results: ConversationResult[] = []
  const waiting = conversations.entries()
  const until = performance.now() + forMs
  let failures = 0
  const playNext = async () => {
    for (const [index, conversation] of waiting) {
      const result = await playConversation(conversation, target, onTurn)
      results[index] = result
      if (result.failure !== null) failures++
      if (failures >= limits.failures || performance.now() > until) return
    }
  }
  await Promise.all(Array.from({ length: concurrency }, playNext))
  return results.filter((result) => result !== undefined)
}
