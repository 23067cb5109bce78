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

  function refuseLong(bytes: number): void {
    if (bytes > maxBytes) throw invalidOutput(`The agent app sent a line of more than ${maxBytes} bytes.`)
  }

  function grow(text: string): void {
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
    const lines = joined.split(/\r\n|\n|\r/)
    const last = lines.pop() ?? ''
    if (lines.length > 0) {
      grow(lines[0]!)
      lines[0] = takeRest()
      // At most three bytes a UTF-16 unit: most lines need no counting.
      for (const line of lines) if (line.length * 3 > maxBytes) refuseLong(Buffer.byteLength(line))
    }
    grow(last)
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
