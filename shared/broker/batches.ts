import { tunables } from '@shared/domain/tunables'

/** Puts together what is said within one tick, and what is said while the last batch is under way. */
export interface Batches<Batch> {
  /** Adds to the open batch. Resolves when it was sent; rejects when that failed or took longer than a command may. */
  join(fill: (batch: Batch) => void): Promise<void>
  /** Resolves when all that was joined has been sent or has failed. Not bounded. */
  drained(): Promise<void>
}

export interface BatchOptions<Batch> {
  open: () => Batch
  /** At most one is under way, so that a slow one costs latency but no throughput. */
  send: (batch: Batch) => Promise<void>
  /** Said to those whose batch is late; it is sent nevertheless. */
  late: string
}

interface OpenBatch<Batch> {
  batch: Batch
  sent: Promise<void>
  resolve: () => void
  reject: (error: Error) => void
}

export function createBatches<Batch>({ open, send, late }: BatchOptions<Batch>): Batches<Batch> {
  let next: OpenBatch<Batch> | null = null
  let flushing: Promise<void> | null = null

  async function flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (next) {
      const { batch, resolve, reject } = next
      next = null
      await send(batch).then(resolve, reject)
    }
    flushing = null
  }

  return {
    join(fill) {
      next ??= openBatch(open(), late)
      const { batch, sent } = next
      fill(batch)
      flushing ??= flush()
      return sent
    },
    async drained() {
      while (flushing) await flushing
    },
  }
}

function openBatch<Batch>(batch: Batch, late: string): OpenBatch<Batch> {
  let resolve = (): void => undefined
  let reject = (_error: Error): void => undefined
  const sent = new Promise<void>((onSent, onFailed) => {
    resolve = onSent
    reject = onFailed
  })
  // After a busy moment of this process the answer may be there, only unread: it is read before the immediate.
  const timer = setTimeout(() => setImmediate(() => reject(new Error(late))), tunables.redisCommand)
  const stop = () => clearTimeout(timer)
  sent.then(stop, stop)
  return { batch, sent, resolve, reject }
}
