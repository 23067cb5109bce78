import type { AgentFrame } from '@shared/contracts/agentApi'
import type { AnswerFormat } from '../readAnswer.ts'
import { eventParser } from '../readFrames.ts'

/** Reads a stream of server-sent events that are told apart by their data alone. */
export function dataEvents(read: (data: string) => AgentFrame[]): AnswerFormat['stream'] {
  const parser = eventParser((_event, data) => (data === null ? null : read(data)))
  return (type) =>
    type !== 'text/event-stream'
      ? null
      : function* (lines) {
          for (const line of lines) yield* parser.line(line) ?? []
        }
}
