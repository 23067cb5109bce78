import type { SessionEvent } from '@agentview/contracts'
import type { ClientEvents } from '../events.ts'

/** Tells one of the client's events. */
export type Tell = <Name extends keyof ClientEvents>(name: Name, ...values: Parameters<ClientEvents[Name]>) => void

/** Tells what an event of the log is to a client, by the client's names; what only changes messages is told elsewhere. */
export function tellEvent(event: SessionEvent, tell: Tell): void {
  switch (event.type) {
    case 'run.queued':
      return tell('run:queued', event.data.run)
    case 'run.started':
    case 'run.attempt':
      return tell('run:started', event.data.run)
    case 'run.paused':
      return tell('run:paused', event.data.run)
    case 'run.resumed':
      return tell('run:continued', event.data.run)
    case 'run.retrying':
      return tell('run:retrying', event.data)
    case 'run.completed':
      return tell('run:completed', event.data.run)
    case 'run.failed':
      return tell('run:failed', event.data.run)
    case 'run.cancelled':
      return tell('run:cancelled', event.data.run)
    case 'session.updated':
      return tell('session:updated', event.data.session)
    case 'state.updated':
      return tell('session:state', { sessionId: event.sessionId, state: event.data.state })
    case 'feedback.created':
      return tell('session:feedback', event.data)
    case 'custom':
      return tell('custom:event', { ...event.data, runId: event.runId ?? null })
  }
}

/** True for events that say nothing but what a message is. */
export function isOfMessage({ type }: SessionEvent): boolean {
  return type.startsWith('item')
}
