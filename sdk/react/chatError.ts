import { type ClientState, ClientError } from '@agentview/client'

/** What went wrong last, for the person who chats. */
export interface ChatError {
  readonly code: string
  readonly message: string
}

/** What a call of the page was refused for, as a chat's error. */
export function errorOfCall(thrown: unknown): ChatError | null {
  if (!(thrown instanceof ClientError)) return { code: 'invalid_use', message: String(thrown) }
  // Another session was opened meanwhile: nothing is wrong.
  return thrown.code === 'aborted' ? null : { code: thrown.code, message: thrown.message }
}

/** What is wrong with the conversation itself: its last message was refused, or its last run has failed. */
export function errorOfConversation({ messages, runs, status }: Pick<ClientState, 'messages' | 'runs' | 'status'>) {
  const refused = messages.at(-1)?.error
  if (refused) return refused
  const last = runs.at(-1)
  return status === 'idle' && last?.status === 'failed' ? (last.error ?? null) : null
}
