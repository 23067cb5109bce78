import { useMemo } from 'react'
import type { AgentViewClient } from '@agentview/client'
import { useAgentViewClient } from './useAgentViewClient.ts'

/** What can be done with a conversation: the client's methods of these names. */
export type Actions = Pick<
  AgentViewClient,
  | 'sendMessage'
  | 'resendMessage'
  | 'discardMessage'
  | 'cancelRun'
  | 'retryRun'
  | 'continueRun'
  | 'approveCall'
  | 'rejectCall'
  | 'sendFeedback'
  | 'loadSession'
  | 'loadOlderMessages'
  | 'startNewSession'
  | 'createSession'
  | 'updateSession'
  | 'deleteSession'
>

/**
 * The client's methods without its state: a component that only acts never renders again because something has come. The
 * functions stay the same; their promises reject with ClientError.
 */
export function useActions(): Actions {
  const client = useAgentViewClient()
  return useMemo(() => actionsOf(client), [client])
}

function actionsOf(client: AgentViewClient): Actions {
  return {
    sendMessage: (...args) => client.sendMessage(...args),
    resendMessage: (...args) => client.resendMessage(...args),
    discardMessage: (...args) => client.discardMessage(...args),
    cancelRun: (...args) => client.cancelRun(...args),
    retryRun: (...args) => client.retryRun(...args),
    continueRun: (...args) => client.continueRun(...args),
    approveCall: (...args) => client.approveCall(...args),
    rejectCall: (...args) => client.rejectCall(...args),
    sendFeedback: (...args) => client.sendFeedback(...args),
    loadSession: (...args) => client.loadSession(...args),
    loadOlderMessages: (...args) => client.loadOlderMessages(...args),
    startNewSession: (...args) => client.startNewSession(...args),
    createSession: (...args) => client.createSession(...args),
    updateSession: (...args) => client.updateSession(...args),
    deleteSession: (...args) => client.deleteSession(...args),
  }
}
