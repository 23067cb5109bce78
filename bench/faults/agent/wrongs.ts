import type { ServerResponse } from 'node:http'
import type { WrongName } from './script.ts'

/** How an attempt goes wrong, by name. Called after the words before it were sent; headers only with the first word. */
export const wrongs: Record<WrongName, (response: ServerResponse) => void> = {
  /** Keeps the connection and says nothing more. */
  hang: () => undefined,
  /** RST. */
  reset: (response) => void response.socket?.resetAndDestroy(),
  /** An end without `done`. */
  end: (response) => void response.end(),
  error: (response) =>
    void response.end(`event: error\ndata: ${JSON.stringify({ message: 'on purpose', retryable: true })}\n\n`),
  /** Only with `afterWords: 0`. */
  status500: (response) => void response.writeHead(500).end('on purpose'),
  /** 503 until a time of day (in whole seconds), two seconds from now. Only with `afterWords: 0`. */
  comeBackAt: (response) =>
    void response.writeHead(503, { 'retry-after': new Date(Date.now() + 2_000).toUTCString() }).end('on purpose'),
}
