import { useEffect, useMemo, useState } from 'react'
import type { AgentViewClient, ClientState, FeedbackRequest, JsonObject, SendOptions } from '@agentview/client'
import { type ChatError, errorOfCall, errorOfConversation } from './chatError.ts'
import { queuePosition } from './queuePosition.ts'
import { useAgentViewClient } from './useAgentViewClient.ts'
import { useClientState } from './useClientState.ts'

export interface ChatOptions {
  /** The session to open; without one the client's own goes on, or the first message begins one. */
  sessionId?: string
}

/** A conversation and what a person does in it. The functions stay the same; what goes wrong is in `error`. */
export interface Chat extends Pick<
  ClientState,
  'sessionId' | 'messages' | 'status' | 'run' | 'pause' | 'retrying' | 'loading' | 'hasOlder' | 'loadingOlder'
> {
  /** Turns before the newest one, while that one waits. */
  readonly queuePosition: number | null
  readonly error: ChatError | null
  send(input: string | JsonObject, options?: SendOptions): void
  /** Ends the live run. */
  stop(): void
  /** The last run anew. */
  retry(): void
  /** A message that was refused, once more, or away with it. */
  resend(key: string): void
  discard(key: string): void
  loadOlder(): void
  /** Leaves the session; the next message begins another one. */
  startNew(): void
  sendFeedback(itemId: string, feedback: FeedbackRequest): void
  /** Answer a call of a tool that waits for approval. */
  approve(callId: string): void
  reject(callId: string, reason?: string): void
}

const whole = (state: ClientState) => state

/**
 * The conversation of the nearest provider's client. A message keeps its reference until it changes: with a memoised
 * component for each message, a delta renders the one that grows and this component, no other.
 */
export function useChat({ sessionId }: ChatOptions = {}): Chat {
  const client = useAgentViewClient()
  const state = useClientState(whole)
  const [problem, setProblem] = useState<ChatError | null>(null)
  const acts = useMemo(() => actsOf(client, setProblem), [client])
  useEffect(() => {
    if (sessionId !== undefined && client.getState().sessionId !== sessionId) acts.load(sessionId)
  }, [client, acts, sessionId])

  const { messages, runs, status, run, pause, retrying, loading, hasOlder, loadingOlder } = state
  return {
    sessionId: state.sessionId,
    ...{ messages, status, run, pause, retrying, loading, hasOlder, loadingOlder },
    queuePosition: queuePosition(runs),
    error: problem ?? errorOfConversation(state),
    ...acts.page,
  }
}

function actsOf(client: AgentViewClient, setProblem: (problem: ChatError | null) => void) {
  const trying = (act: () => Promise<unknown> | void) => {
    setProblem(null)
    // What is thrown at once and what is rejected later are told alike.
    void (async () => act())().catch((thrown: unknown) => setProblem(errorOfCall(thrown)))
  }
  return {
    load: (sessionId: string) => trying(() => client.loadSession(sessionId)),
    page: {
      send: (input: string | JsonObject, options?: SendOptions) =>
        // A message that was refused says so itself.
        trying(() => client.sendMessage(input, options).catch(unlessShown(client))),
      stop: () => trying(() => client.cancelRun()),
      retry: () => trying(() => client.retryRun()),
      resend: (key: string) => trying(() => client.resendMessage(key)),
      discard: (key: string) => trying(() => client.discardMessage(key)),
      loadOlder: () => trying(() => client.loadOlderMessages()),
      startNew: () => trying(() => client.startNewSession()),
      sendFeedback: (itemId: string, feedback: FeedbackRequest) => trying(() => client.sendFeedback(itemId, feedback)),
      approve: (callId: string) => trying(() => client.approveCall(callId)),
      reject: (callId: string, reason?: string) => trying(() => client.rejectCall(callId, reason)),
    },
  }
}

function unlessShown(client: AgentViewClient) {
  return (thrown: unknown) => {
    if (client.getState().messages.every(({ error }) => error === undefined)) throw thrown
  }
}
