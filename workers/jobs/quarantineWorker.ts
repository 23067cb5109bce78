import { tunables } from '@shared/domain/tunables'
import type { QuarantineMessage } from './quarantine.ts'
import { type WorkerOptions, startWorker } from './worker.ts'

/**
 * The work of a quarantine process: carries out runs that have lost two workers, one at a time. Resolves once there has
 * been none for a while, or the process that has started it hangs up; what it still had is given back.
 */
export async function runQuarantineWorker(options: Omit<WorkerOptions, 'concurrency' | 'quarantine'>): Promise<void> {
  const say = (message: QuarantineMessage) => {
    if (process.connected) process.send?.(message)
  }
  const worker = await startWorker({
    ...options,
    concurrency: 1,
    quarantine: { onRegistered: (workerId) => say({ workerId }) },
  })
  await new Promise<void>((resolve) => {
    let busyAt = performance.now()
    const look = setInterval(() => {
      if (worker.running() > 0) busyAt = performance.now()
      if (performance.now() - busyAt > tunables.quarantineRest) end()
    }, tunables.quarantineLook)
    const end = () => {
      clearInterval(look)
      resolve()
    }
    process.once('disconnect', end)
    if (process.connected === false) end()
  })
  await worker.drain(0)
}
