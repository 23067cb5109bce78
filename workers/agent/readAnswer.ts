import type { AgentFrame } from '@shared/contracts/agentApi'
import { tunables } from '@shared/domain/tunables'
import { invalidOutput } from './agentFailure.ts'
import type { Deadline } from './callDeadlines.ts'
import { endedEarly } from './callFailures.ts'
import { type FrameParser, framesOfAnswer, ndjsonParser, sseParser } from './readFrames.ts'
import { decodeWhole, lineReader } from './readLines.ts'

/** Makes frames of an answer's bytes, by its content type. Throws AgentFailure where they can't be read. */
export interface AnswerReader {
  /** The frames that a chunk completes; null: none. Says `alive` for whole lines, so that a drip of bytes is no life. */
  push(chunk: Buffer, deadline: Pick<Deadline, 'alive'>): Iterator<AgentFrame> | null
  /** What is left at the answer's end. */
  end(): Iterator<AgentFrame>
}

export function answerReader(contentType: string): AnswerReader {
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (type === 'text/event-stream') return streamReader(sseParser())
  if (type === 'application/json') return wholeReader()
  if (type === 'application/x-ndjson' || type === 'application/ndjson' || type === 'application/jsonl') {
    return streamReader(ndjsonParser())
  }
  throw invalidOutput(
    `The agent app answered with the content type "${type}": application/json, text/event-stream or application/x-ndjson is wanted.`,
  )
}

function wholeReader(): AnswerReader {
  const chunks: Buffer[] = []
  return {
    push(chunk) {
      chunks.push(chunk)
      return null
    },
    end() {
      return framesOfAnswer(decodeWhole(Buffer.concat(chunks))).values()
    },
  }
}

function streamReader(parser: FrameParser): AnswerReader {
  const lines = lineReader(tunables.streamLineBytes)
  return {
    push(chunk, deadline) {
      const whole = lines.push(chunk)
      if (whole.length === 0) return null
      deadline.alive()
      return framesOf(whole, parser)
    },
    /** A last frame may lack its line ends. What can't be read there was cut off: it says nothing about the agent app. */
    end() {
      try {
        return [...framesOf([...lines.end(), ''], parser)].values()
      } catch {
        throw endedEarly()
      }
    },
  }
}

function* framesOf(lines: readonly string[], parser: FrameParser): Generator<AgentFrame> {
  for (const line of lines) {
    const frame = parser.line(line)
    if (frame) yield frame
  }
}
