import type { Json } from '@shared/domain/json'
import type { Wire } from '@shared/delivery/streamSink'
import type { AgUiEvent, RunAbout } from './runAbout.ts'
import { agUiEvents } from './runEvents.ts'

const frame = (event: AgUiEvent) => `data: ${JSON.stringify(event)}\n\n`

/** How a run streams to AG-UI's clients. */
export function agUiWire(about: RunAbout, beginning: readonly AgUiEvent[]): Wire {
  const translate = agUiEvents(about)
  return {
    contentType: 'text/event-stream; charset=utf-8',
    hello: `: connected\n\n${beginning.map(frame).join('')}`,
    alive: ': alive\n\n',
    frames: (entries) =>
      entries
        .flatMap(({ event }) => translate(event))
        .map(frame)
        .join(''),
    cut: (reason) => {
      const message = `The stream was ended (${reason}); the run goes on: send the same request again to read it.`
      return frame({ type: 'RUN_ERROR', code: reason, message })
    },
  }
}

/**
 * What a stream begins with. A client keeps the order of the messages that it has, so it is told of none before it is told of
 * all, when it has them otherwise. Its thoughts it keeps, unless there is one among what it is told.
 */
export function beginningOf(about: RunAbout, isOther: boolean, state: Json | undefined): AgUiEvent[] {
  const { threadId, clientRunId, runId, sessionId, base } = about
  const none = base.some(({ role }) => role === 'reasoning') ? [{ id: 'none', role: 'reasoning', content: '' }] : []
  return [
    { type: 'RUN_STARTED', threadId, runId: clientRunId },
    { type: 'CUSTOM', name: 'agentview', value: { sessionId, runId } },
    ...(isOther ? [none, base].map((messages) => ({ type: 'MESSAGES_SNAPSHOT', messages })) : []),
    ...(state === undefined ? [] : [{ type: 'STATE_SNAPSHOT', snapshot: state }]),
  ]
}
