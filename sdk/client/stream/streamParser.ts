import { createParser } from 'eventsource-parser'

/** One frame of a stream: of SSE as it is named there, of NDJSON a line. */
export interface Frame {
  event?: string | undefined
  id?: string | undefined
  data: string
}

export interface StreamParser {
  /** The next bytes or text, cut anywhere, also inside a letter. Throws when a frame is over the cap. */
  push(chunk: Uint8Array | string): void
}

/** The most letters of a frame: a snapshot of 200 items of 256 KiB fits. */
const FRAME_MOST = 64 * 2 ** 20

/**
 * Cuts a stream into frames as it comes. `seen` hears of every chunk, of comments (heartbeats) as well.
 * SSE: https://html.spec.whatwg.org/multipage/server-sent-events.html · NDJSON: a JSON value a line, blank lines between.
 */
export function createStreamParser(format: 'sse' | 'ndjson', onFrame: (frame: Frame) => void): StreamParser {
  const decoder = new TextDecoder()
  const feed = format === 'sse' ? sseFeed(onFrame) : ndjsonFeed(onFrame)
  return {
    push: (chunk) => feed(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })),
  }
}

function sseFeed(onFrame: (frame: Frame) => void): (text: string) => void {
  const parser = createParser({
    maxBufferSize: FRAME_MOST,
    onEvent: onFrame,
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') throw error
    },
  })
  return (text) => parser.feed(text)
}

function ndjsonFeed(onFrame: (frame: Frame) => void): (text: string) => void {
  // A line may come in thousands of pieces: they are joined once, at its end.
  let pieces: string[] = []
  let length = 0
  return (text) => {
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) {
      const whole = [...pieces, line].join('').trim()
      pieces = []
      length = 0
      if (whole !== '') onFrame({ data: whole })
    }
    if (rest === '') return
    pieces.push(rest)
    length += rest.length
    if (length > FRAME_MOST) throw new Error(`A line of more than ${FRAME_MOST} letters.`)
  }
}
