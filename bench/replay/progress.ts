import type { WriteStream } from 'node:tty'
import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  /** One more turn was played. */
  advance(): void
  stop(): void
}

const LINE_EVERY_MS = 5_000

/** Shows how far it is: a bar on a terminal, else a line every few seconds (logs of CI). */
export function showProgress(turns: number, stream: WriteStream): Progress {
  return stream.isTTY ? showBar(turns, stream) : showLines(turns, stream)
}

function showBar(turns: number, stream: WriteStream): Progress {
  const format = '{bar} {value}/{total} turns  {percentage} %  {eta_formatted} left'
  const bar = new SingleBar({ stream, format, clearOnComplete: true, hideCursor: true }, Presets.shades_classic)
  bar.start(turns, 0)
  return { advance: () => bar.increment(), stop: () => bar.stop() }
}

function showLines(turns: number, stream: WriteStream): Progress {
  let played = 0
  const startedAt = performance.now()
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    stream.write(`${played}/${turns} turns after ${seconds} s\n`)
  }, LINE_EVERY_MS)
  timer.unref()
  return { advance: () => void played++, stop: () => clearInterval(timer) }
}
