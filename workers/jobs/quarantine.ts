import type { ChildProcess } from 'node:child_process'
import type { Logger } from 'pino'
import type { Database } from '@shared/store/pool'
import { removeWorker } from '@shared/store/workers'

/**
 * Keeps a child process while there are runs that have lost two workers: it carries them out one at a time, so that a run
 * that kills its process takes no other with it. The child ends by itself when there is nothing more to do; when it dies
 * its run need not wait for the end of a lease.
 */
export interface Quarantine {
  /** There are such runs: a child is started unless one runs. */
  wake(): void
  /** Ends the child; bounded. */
  stop(): Promise<void>
}

export interface QuarantineOptions {
  db: Database
  log: Logger
  /** Starts the child with a channel to us; it runs runQuarantineWorker. */
  spawn: () => ChildProcess
}

/** What the child says: under which id it takes runs from now on. */
export interface QuarantineMessage {
  workerId: string
}

const STOP_MS = 2_000

export function createQuarantine({ db, log, spawn }: QuarantineOptions): Quarantine {
  let child: ChildProcess | null = null
  let ended = Promise.resolve()
  let stopped = false

  function start(): void {
    const started = spawn()
    child = started
    let workerId: string | null = null
    started.on('message', (message: QuarantineMessage) => (workerId = message.workerId))
    ended = new Promise((resolve) => {
      const onEnd = (how: string) => {
        if (child !== started) return
        child = null
        if (how !== '0') log.warn({ how }, 'the quarantine process has died')
        const done = workerId === null ? Promise.resolve() : removeWorker(db, workerId).catch(() => undefined)
        void done.then(resolve)
      }
      started.once('error', (error) => onEnd(error.message))
      started.once('exit', (code, signal) => onEnd(signal ?? String(code)))
    })
  }

  return {
    wake() {
      if (!stopped && child === null) start()
    },
    async stop() {
      stopped = true
      // It gives its run back when we hang up.
      if (child?.connected) child.disconnect()
      const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
    },
  }
}
