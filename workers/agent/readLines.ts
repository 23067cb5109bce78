import { invalidOutput } from './agentFailure.ts'

/**
 * Splits a stream of bytes into lines (CR LF, LF or CR), strictly UTF-8, each at most `maxBytes` long. Works for any
 * chunking. `push` returns the lines that a chunk completes; `end` returns what is left.
 */
export function lineReader(maxBytes: number): { push(chunk: Uint8Array): string[]; end(): string[] } {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let lastWasCr = false

  function decode(chunk?: Uint8Array): string {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch {
      throw invalidOutput('The agent app sent bytes that are not UTF-8.')
    }
  }

  function take(text: string): string[] {
    // A CR may end one chunk and its LF begin the next: that is one line end.
    const joined = lastWasCr && text.startsWith('\n') ? text.slice(1) : text
    lastWasCr = text === '' ? lastWasCr : text.endsWith('\r')
    const lines = (rest + joined).split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ''
    if (rest.length > maxBytes || lines.some((line) => line.length > maxBytes)) {
      throw invalidOutput(`The agent app sent a line of more than ${maxBytes} bytes.`)
    }
    return lines
  }

  return {
    push: (chunk) => take(decode(chunk)),
    end: () => {
      const lines = take(decode())
      const last = rest
      rest = ''
      return last === '' ? lines : [...lines, last]
    },
  }
}
