import type { ServerResponse } from 'node:http'
import type { WrongName } from './script.ts'

/** A person's patience: longer than any 429 of a good API asks for would only make strikes longer. */
export const RETRY_AFTER_SECONDS = 1
/** Above what one line may have (`tunables.streamLineBytes`), and above what a whole answer may. */
const LONG_LINE_BYTES = 10 * 1_024 * 1_024

/**
 * How an attempt goes wrong, by name. Called after the words before it were sent; headers only with the first word. Those
 * that answer with a status go with `afterWords: 0`, all others of the stream with words before.
 */
export const wrongs: Record<WrongName, (response: ServerResponse) => void> = {
  /** Keeps the connection and says nothing more. */
  hang: () => undefined,
  /** One byte a second, of a frame that never comes to its end. */
  drip: (response) =>
    repeat(response, 1_000, function* () {
      yield* 'event: text'
      for (;;) yield 't'
    }),
  /** A sign of life now and then, and never a word. */
  beat: (response) =>
    repeat(response, 200, function* () {
      for (;;) yield ': alive\n\n'
    }),
  /** RST. */
  reset: (response) => void response.socket?.resetAndDestroy(),
  /** An end without `done`. */
  end: (response) => void response.end(),
  /** FIN in the middle of the body: the last chunk never comes. */
  fin: (response) => void response.socket?.end(),
  /** An end in the middle of a character: cut off, not malformed. */
  halfCharacter: (response) => void response.end(Buffer.from('event: text\ndata: {"delta":"👍').subarray(0, -2)),
  error: (response) =>
    void response.end(`event: error\ndata: ${JSON.stringify({ message: 'on purpose', retryable: true })}\n\n`),
  badUtf8: (response) => thenDone(response, Buffer.from([...Buffer.from('event: text\ndata: {"delta":"'), 0xc3, 0x28])),
  longLine: (response) => thenDone(response, `event: text\ndata: {"delta":"${'x'.repeat(LONG_LINE_BYTES)}"}\n\n`),
  badJson: (response) => thenDone(response, 'event: text\ndata: {"delta":\n\n'),
  wrongFrame: (response) => thenDone(response, 'event: sing\ndata: {"delta":"la"}\n\n'),
  status400: (response) => void response.writeHead(400).end('on purpose'),
  status404: (response) => void response.writeHead(404).end('on purpose'),
  status429: (response) =>
    void response.writeHead(429, { 'retry-after': String(RETRY_AFTER_SECONDS) }).end('on purpose'),
  status500: (response) => void response.writeHead(500).end('on purpose'),
  /** 503 until a time of day (in whole seconds), two seconds from now. Only with `afterWords: 0`. */
  comeBackAt: (response) =>
    void response.writeHead(503, { 'retry-after': new Date(Date.now() + 2_000).toUTCString() }).end('on purpose'),
}

/** As if nothing were wrong with it: whoever overlooks it takes the run for completed. */
function thenDone(response: ServerResponse, bytes: string | Uint8Array): void {
  response.write(bytes)
  response.end('event: done\ndata: {}\n\n')
}

function repeat(response: ServerResponse, everyMs: number, pieces: () => Generator<string>): void {
  const saying = pieces()
  const timer = setInterval(() => response.write(String(saying.next().value)), everyMs)
  response.on('close', () => clearInterval(timer))
}
