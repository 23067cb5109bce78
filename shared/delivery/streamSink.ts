import type { ServerResponse } from 'node:http'
import type { LogEntry } from '@shared/domain/logEntry'
import { tunables } from '@shared/domain/tunables'
import type { RunSink } from './runFeed.ts'
import type { CutReason } from './sink.ts'

/** How events are written to one reader. */
export interface Wire {
  contentType: string
  /** Sends the headers at once, also when the first event is far away. */
  hello: string
  /** Keeps proxies from closing an idle stream. */
  alive: string
  frames(entries: readonly LogEntry[]): string
  /** The last words when the reader is cut; when all was said nothing more comes. */
  cut(reason: CutReason, lastSeq: number): string
}

/** A frame of server-sent events. The data is JSON, so it never holds a line end. */
export function sseFrame({ seq, type, text }: LogEntry): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${text}\n\n`
}

/** Server-sent events as the Client API has them: a cut is told as an event `cut`. */
export const SSE: Wire = {
  contentType: 'text/event-stream; charset=utf-8',
  hello: ': connected\n\n',
  alive: ': alive\n\n',
  frames: (entries) => entries.map(sseFrame).join(''),
  cut: (reason, lastSeq) => `event: cut\ndata: ${JSON.stringify({ reason, lastSeq })}\n\n`,
}

/** How long a reader may take for what is left when everything was said. */
const LINGER_MS = 30_000

/** Answers a request with a stream of events. `onClose` is called once, when the reader has gone or all was said. */
export function openStream(response: ServerResponse, wire: Wire, onClose: () => void): RunSink & { start(): void } {
  let heartbeat: NodeJS.Timeout | undefined
  let linger: NodeJS.Timeout | undefined
  response.on('close', () => {
    clearInterval(heartbeat)
    clearTimeout(linger)
    onClose()
  })

  function start(): void {
    if (response.headersSent || response.destroyed) return
    response.writeHead(200, {
      'content-type': wire.contentType,
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    })
    response.write(wire.hello)
    heartbeat = setInterval(() => response.write(wire.alive), tunables.streamHeartbeat)
  }

  function finish(lastWords = ''): void {
    start()
    // The response stays open until the reader has taken the rest, and a write after its end would end the process.
    clearInterval(heartbeat)
    response.end(lastWords)
    if (!response.destroyed) linger = setTimeout(() => response.destroy(), LINGER_MS)
  }

  return {
    start,
    send(entries) {
      start()
      response.write(wire.frames(entries))
    },
    pendingBytes: () => response.writableLength,
    async drained() {
      if (response.writableNeedDrain && !response.destroyed) await drainOrClose(response)
    },
    cut(reason, lastSeq) {
      finish(wire.cut(reason, lastSeq))
      // One that does not read would keep its buffer for ever.
      if (reason === 'slow') response.destroy()
    },
    end: () => finish(),
  }
}

function drainOrClose(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
