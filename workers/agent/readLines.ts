import { isUtf8 } from 'node:buffer'
import { type AgentFailure, invalidOutput } from './agentFailure.ts'

/**
 * Splits a stream of bytes into lines (CR LF, LF or CR), strictly UTF-8, each at most `maxBytes` long. Works for any
 * chunking, and looks at each byte once: a line in tiny pieces costs no more than the same line at once. `push` returns
 * the lines that a chunk completes; `end` returns what is left.
 */
export function lineReader(maxBytes: number): { push(chunk: Uint8Array): string[]; end(): string[] } {
  const decoder = streamDecoder()
  let rest = ''
  let restBytes = 0
  let lastWasCr = false

  function refuseLong(bytes: number): void {
    if (bytes > maxBytes) throw invalidOutput(`The agent app sent a line of more than ${maxBytes} bytes.`)
  }

  function grow(text: string): void {
    if (text === '') return
    rest += text
    restBytes += Buffer.byteLength(text)
    refuseLong(restBytes)
  }

  function takeRest(): string {
    const line = rest
    rest = ''
    restBytes = 0
    return line
  }

  function take(text: string): string[] {
    // A CR may end one chunk and its LF begin the next: that is one line end.
    const joined = lastWasCr && text.startsWith('\n') ? text.slice(1) : text
    lastWasCr = text === '' ? lastWasCr : text.endsWith('\r')
    const lines = joined.includes('\r') ? joined.split(/\r\n|\n|\r/) : joined.split('\n')
    const last = lines.pop() ?? ''
    if (lines.length > 0) {
      if (rest !== '') {
        grow(lines[0]!)
        lines[0] = takeRest()
      }
      // At most three bytes a UTF-16 unit: most lines need no counting.
      for (const line of lines) if (line.length * 3 > maxBytes) refuseLong(Buffer.byteLength(line))
    }
    grow(last)
    return lines
  }

  return {
    push: (chunk) => take(decoder.push(chunk)),
    end: () => {
      const lines = take(decoder.end())
      const last = takeRest()
      return last === '' ? lines : [...lines, last]
    },
  }
}

/** The text of bytes that must be UTF-8. */
export function decodeWhole(bytes: Uint8Array): string {
  const decoder = streamDecoder()
  return decoder.push(bytes) + decoder.end()
}

/** A character is cut off after three of its bytes at most. */
const CUT_BYTES = 3

/** Strict, as `TextDecoder` with `fatal` and without its byte order mark; several times as fast for short chunks. */
function streamDecoder(): { push(chunk: Uint8Array): string; end(): string } {
  let cut: Uint8Array = NOTHING
  let atStart = true

  function textOf(bytes: Buffer): string {
    const text = bytes.toString()
    if (!atStart || text === '') return text
    atStart = false
    return text.startsWith('\uFEFF') ? text.slice(1) : text
  }

  return {
    push(chunk) {
      const bytes =
        cut.length > 0 ? Buffer.concat([cut, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      if (isUtf8(bytes)) {
        cut = NOTHING
        return textOf(bytes)
      }
      for (let left = 1; left <= Math.min(CUT_BYTES, bytes.length); left++) {
        const whole = bytes.subarray(0, -left)
        if (!isUtf8(whole)) continue
        cut = Uint8Array.from(bytes.subarray(-left))
        if (!mayGoOn(cut)) break
        return textOf(whole)
      }
      throw notUtf8()
    },
    end() {
      if (cut.length > 0) throw notUtf8()
      return ''
    },
  }
}

const NOTHING = new Uint8Array(0)

/** Whether bytes are the beginning of a character. */
function mayGoOn(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

function notUtf8(): AgentFailure {
  return invalidOutput('The agent app sent bytes that are not UTF-8.')
}
