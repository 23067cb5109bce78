import type { AgentFrame } from '@shared/contracts/agentApi'
import type { JsonObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { type AgentFailure, invalidOutput } from './agentFailure.ts'
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

/** How the answers of a protocol are read. */
export interface AnswerFormat {
  /** Reads a stream of this content type; null: the protocol has none. Each stream has a reader of its own. */
  stream(type: string): LinesReader | null
  /** Reads an answer in one piece. */
  whole(text: string): AgentFrame[]
  /** The content types that can be read, for people. */
  wanted: string
  /** What it means that a stream is over and has not ended the leg. */
  endedEarly(): AgentFailure
  /** Which items may be the output; unless said, and when none is, the last one is. */
  isOutput?(data: JsonObject): boolean
}

/** The frames that these lines complete. */
export type LinesReader = (lines: readonly string[]) => Generator<AgentFrame>

export const OWN_FORMAT: AnswerFormat = {
  stream(type) {
    const parser = parserFor(type)
    return parser && ((lines) => framesOf(lines, parser))
  },
  whole: framesOfAnswer,
  wanted: 'application/json, text/event-stream or application/x-ndjson',
  endedEarly,
}

function parserFor(type: string): FrameParser | null {
  if (type === 'text/event-stream') return sseParser()
  const isNdjson = type === 'application/x-ndjson' || type === 'application/ndjson' || type === 'application/jsonl'
  return isNdjson ? ndjsonParser() : null
}

export function answerReader(contentType: string, format: AnswerFormat): AnswerReader {
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (type === 'application/json') return wholeReader(format)
  const read = format.stream(type)
  if (read) return streamReader(read, format)
  throw invalidOutput(`The agent app answered with the content type "${type}": ${format.wanted} is wanted.`)
}

function wholeReader({ whole }: AnswerFormat): AnswerReader {
  const chunks: Buffer[] = []
  return {
    push(chunk) {
      chunks.push(chunk)
      return null
    },
    end() {
      return whole(decodeWhole(Buffer.concat(chunks))).values()
    },
  }
}

function streamReader(read: LinesReader, format: AnswerFormat): AnswerReader {
  const lines = lineReader(tunables.streamLineBytes)
  return {
    push(chunk, deadline) {
      const whole = lines.push(chunk)
      if (whole.length === 0) return null
      deadline.alive()
      return read(whole)
    },
    /** A last frame may lack its line ends. What can't be read there was cut off: it says nothing about the agent app. */
    end() {
      try {
        return [...read([...lines.end(), ''])].values()
      } catch {
        throw format.endedEarly()
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
