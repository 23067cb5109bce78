import { Gauge, type Registry } from 'prom-client'
import { type QueueDepth, readQueueDepth } from '@shared/store/queueDepth'
import type { Database } from '@shared/store/pool'
import { tunables } from '@shared/domain/tunables'

/**
 * What operators scale workers by, on the `/metrics` of each worker: read when it is asked for, and the same on all of them.
 * A Postgres that does not answer leaves them out.
 */
export function gaugeQueue(registry: Registry, db: Database): void {
  const gauges: [string, string, (depth: QueueDepth) => number][] = [
    ['agentview_runs_ready', 'Runs that wait for a worker, counted up to a cap', ({ ready }) => ready],
    [
      'agentview_runs_ready_wait_seconds',
      'How long the first of them has waited',
      ({ waitedSeconds }) => waitedSeconds,
    ],
  ]
  let reading: Promise<QueueDepth | null> | null = null
  const read = () => {
    reading ??= readQueueDepth(db, tunables.gaugedRuns)
      .catch(() => null)
      .finally(() => (reading = null))
    return reading
  }
  for (const [name, help, valueOf] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const depth = await read()
        if (depth) this.set(valueOf(depth))
        else this.remove()
      },
    })
  }
}
