import { connect } from 'node:net'

/** How a request was answered, as it came over the wire. */
export interface RawAnswer {
  status: number
  /** By their names in small letters. */
  headers: Map<string, string>
  body: Buffer
  /** More might have come: a stream that was left. */
  open: boolean
}

/** `closed`: the connection ended without a whole answer; `silent`: nothing came within the budget. */
export type Outcome = RawAnswer | 'closed' | 'silent'

/** What a stream is listened to after its beginning. */
const STREAM_MS = 150

/**
 * Sends bytes as they are, which no HTTP client would, and reads the answer. `halfClosed`: nothing more comes from us, as
 * of a client that dies in the middle of a body.
 */
export async function exchange(url: string, bytes: Buffer, budgetMs: number, halfClosed: boolean): Promise<Outcome> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Outcome>((resolve) => {
      const whenLate = () => resolve('silent')
      timer = setTimeout(whenLate, budgetMs)
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        const answer = read(Buffer.concat(chunks), false)
        if (!answer) return
        if (!answer.open) return resolve(answer)
        if (!answer.headers.get('content-type')?.startsWith('text/event-stream')) return
        clearTimeout(timer)
        timer = setTimeout(() => resolve(answer), STREAM_MS)
      })
      socket.on('close', () => resolve(read(Buffer.concat(chunks), true) ?? 'closed'))
      socket.on('error', () => undefined)
      socket.write(bytes)
      if (halfClosed) socket.end()
    })
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

/** The answer as far as it has come; null while its head is not there. */
function read(bytes: Buffer, ended: boolean): RawAnswer | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1])
  const rest = bytes.subarray(end + 4)
  // An interim answer; the final one follows.
  if (status === 100) return read(rest, ended)
  const headers = new Map(lines.map((line) => headerOf(line)))
  const length = headers.get('content-length')
  if (length !== undefined && Number(length) <= rest.length)
    return { status, headers, body: rest.subarray(0, Number(length)), open: false }
  if (status === 204 || status === 304) return { status, headers, body: Buffer.alloc(0), open: false }
  if (headers.get('transfer-encoding') === 'chunked') {
    const { body, whole } = dechunked(rest)
    return { status, headers, body, open: !whole && !ended }
  }
  return { status, headers, body: rest, open: !ended }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

function dechunked(bytes: Buffer): { body: Buffer; whole: boolean } {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return { body: Buffer.concat(parts), whole: false }
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    const begin = lineEnd + 2
    if (size === 0) return { body: Buffer.concat(parts), whole: true }
    if (begin + size + 2 > bytes.length) return { body: Buffer.concat(parts), whole: false }
    parts.push(bytes.subarray(begin, begin + size))
    at = begin + size + 2
  }
}
