import type { LogEntry } from '@shared/domain/logEntry'
import type { Wire } from '@shared/delivery/streamSink'
import { type RunAbout, agnoEvents } from './runEvents.ts'

/** How a run streams to Agno's clients: one of their parsers takes objects out of any text, the other reads these frames. */
export function agnoWire(about: RunAbout): Wire {
  const translate = agnoEvents(about)
  const frame = (event: object) => `data: ${JSON.stringify(event)}\n\n`
  return {
    contentType: 'text/event-stream; charset=utf-8',
    hello: ': connected\n\n',
    alive: ': alive\n\n',
    frames: (entries: readonly LogEntry[]) =>
      entries
        .flatMap(({ event }) => translate(event))
        .map(frame)
        .join(''),
    cut: (reason) => {
      const content = `The stream was ended (${reason}); the run goes on: load the session again.`
      const { runId, sessionId } = about
      return frame({ event: 'RunError', run_id: runId, session_id: sessionId, content })
    },
  }
}
