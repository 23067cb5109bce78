import type { ServerResponse } from 'node:http'
import { tunables } from '@shared/domain/tunables'
import type { RunSink } from './runFeed.ts'
import { type DeliveredEvent, textOf } from './sink.ts'

/** A frame of server-sent events. The data is JSON, so it never holds a line end. */
export function sseFrame(event: DeliveredEvent): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${textOf(event)}\n\n`
}

/**
 * Answers a request with server-sent events. Comments keep proxies from closing an idle stream; a cut is told as an
 * event `cut` before the end. `onClose` is called once, when the reader has gone or all was said.
 */
export function openSse(response: ServerResponse, onClose: () => void): RunSink & { start(): void } {
  let heartbeat: NodeJS.Timeout | undefined
  response.on('close', () => {
    clearInterval(heartbeat)
    onClose()
  })

  function start(): void {
    if (response.headersSent) return
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

  return {
    start,
    send(event) {
      start()
      response.write(sseFrame(event))
    },
    pendingBytes: () => response.writableLength,
    async drained() {
      if (!response.writableNeedDrain || response.destroyed) return
      await new Promise<void>((resolve) => {
        response.once('drain', resolve)
        response.once('close', resolve)
      })
    },
    cut(reason, lastSeq) {
      start()
      response.end(`event: cut\ndata: ${JSON.stringify({ reason, lastSeq })}\n\n`)
      // One that does not read would keep its buffer for ever.
      if (reason === 'slow') response.destroy()
    },
    end() {
      start()
      response.end()
    },
  }
}
