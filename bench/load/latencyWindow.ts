import { percentile } from '../percentile.ts'

/** What ended between open and close. Milliseconds, from the moment a message is sent to the end of its run. */
export interface LoopWindow {
  seconds: number
  runs: number
  p50: number | null
  p99: number | null
  max: number | null
}

/** Counts while it is open: the same for each kind of loop. */
export class LatencyWindow {
  #latencies: number[] | null = null
  #openedAt = 0

  open(): void {
    this.#latencies = []
    this.#openedAt = performance.now()
  }

  /** A run has ended, now or at `endedAt`. */
  note(sentAt: number, endedAt: number = performance.now()): void {
    this.#latencies?.push(endedAt - sentAt)
  }

  close(): LoopWindow {
    const latencies = this.#latencies ?? []
    this.#latencies = null
    return {
      seconds: (performance.now() - this.#openedAt) / 1_000,
      runs: latencies.length,
      p50: percentile(latencies, 50),
      p99: percentile(latencies, 99),
      max: percentile(latencies, 100),
    }
  }
}
