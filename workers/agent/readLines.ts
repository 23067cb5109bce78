import { invalidOutput } from './agentFailure.ts'

/**
 * Splits a stream of bytes into lines (CR LF, LF or CR), strictly UTF-8, each at most `maxBytes` long. Works for any
 * chunking, and looks at each byte once: a line in tiny pieces costs no more than the same line at once. `push` returns
 * the lines that a chunk completes; `end` returns what is left.
 */
export function lineReader(maxBytes: number): { push(chunk: Uint8Array): string[]; end(): string[] } {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let restBytes = 0
  let lastWasCr = false

  function decode(chunk?: Uint8Array): string {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch {
      throw invalidOutput('The agent app sent bytes that are not UTF-8.')
    }
  }

  function grow(text: string): void {
    rest += text
    restBytes += Buffer.byteLength(text)
    if (restBytes > maxBytes) throw invalidOutput(`The agent app sent a line of more than ${maxBytes} bytes.`)
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
    const lines: string[] = []
    for (const [index, piece] of joined.split(/\r\n|\n|\r/).entries()) {
      if (index > 0) lines.push(takeRest())
      grow(piece)
    }
    return lines
  }

  return {
    push: (chunk) => take(decode(chunk)),
    end: () => {
      const lines = take(decode())
      const last = takeRest()
      return last === '' ? lines : [...lines, last]
    },
  }
}
