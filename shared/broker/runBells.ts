import { uuidOf } from '@shared/domain/ids'

/** A job of the queue "runs": ids only, and only as hints. */
export interface BellJob {
  runIds: string[]
}

export const QUEUE = 'runs'

/** A job's options: a failed or finished bell must leave nothing behind, or a later one of the same id is ignored. */
export function bellOptions(runIds: readonly string[], count: number) {
  const first = runIds[0] === undefined ? 'none' : (uuidOf('run', runIds[0]) ?? 'other')
  return { jobId: `run-${first}-${count}`, attempts: 1, removeOnComplete: true, removeOnFail: true }
}

/** How workers of the queue behave: a bell is rung again by the reconciler, so stalls are nobody's failure. */
export const BELL_WORKER = { concurrency: 1, maxStalledCount: 1_000_000, lockDuration: 30_000, stalledInterval: 30_000 } as const

/**
 * Collects the run ids of one tick and sends them as one job, with at most one send under way: what comes meanwhile
 * goes with the next.
 */
export function batchRings(send: (runIds: string[]) => Promise<void>): (runIds: readonly string[]) => Promise<void> {
  let waiting = new Set<string>()
  let next: Promise<void> | null = null
  let sending: Promise<void> = Promise.resolve()

  async function sendWaiting(): Promise<void> {
    await sending.catch(() => undefined)
    await new Promise((resolve) => setImmediate(resolve))
    const runIds = [...waiting]
    waiting = new Set()
    next = null
    sending = send(runIds)
    return sending
  }

  return (runIds) => {
    for (const runId of runIds) waiting.add(runId)
    next ??= sendWaiting()
    return next
  }
}
