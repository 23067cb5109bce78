import type { ServerResponse } from 'node:http'
import type { LogEntry } from '@shared/domain/logEntry'
import { tunables } from '@shared/domain/tunables'
import type { RunSink } from './runFeed.ts'

/** A frame of server-sent events. The data is JSON, so it never holds a line end. */
export function sseFrame({ seq, type, text }: LogEntry): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${text}\n\n`
}

/** How long a reader may take for what is left when everything was said. */
const LINGER_MS = 30_000

/**
 * Answers a request with server-sent events. Comments keep proxies from closing an idle stream; a cut is told as an
 * event `cut` before the end. `onClose` is called once, when the reader has gone or all was said.
 */
export function openSse(response: ServerResponse, onClose: () => void): RunSink & { start(): void } {
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
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    })
    // Sends the headers at once, also when the first event is far away.
    response.write(': connected\n\n')
    heartbeat = setInterval(() => response.write(': alive\n\n'), tunables.streamHeartbeat)
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
      response.write(entries.map(sseFrame).join(''))
    },
    pendingBytes: () => response.writableLength,
    async drained() {
      if (response.writableNeedDrain && !response.destroyed) await drainOrClose(response)
    },
    cut(reason, lastSeq) {
      finish(`event: cut\ndata: ${JSON.stringify({ reason, lastSeq })}\n\n`)
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
