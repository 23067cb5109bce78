import type { Logger } from 'pino'
import { tunables } from '@shared/domain/tunables'
import type { HeldRun } from '@shared/store/workers'

/**
 * A worker's sign of life. It measures by its own monotonic clock from when the last good heartbeat was *sent*: a worker
 * that can't renew stops writing before anybody may take its runs over.
 */
export interface Heartbeat {
  stop(): void
  /** Looks now instead of at the next beat: somebody said that runs of ours may have been ended. */
  now(): void
}

export interface HeartbeatOptions {
  /** Null: the runs of this worker were given to others. */
  renew: () => Promise<HeldRun[] | null>
  /** What Postgres says this worker holds; `before` is when the question was asked (performance.now()). */
  onHeld: (held: HeldRun[], before: number) => void
  /** The lease is lost or can't be renewed in time: nothing may be written any more. */
  onLost: () => void
  log: Logger
}

export function startHeartbeat({ renew, onHeld, onLost, log }: HeartbeatOptions): Heartbeat {
  let lastGood = performance.now()
  let fenced = false
  let beating = false

  async function beat(): Promise<void> {
    if (beating) return
    beating = true
    const sent = performance.now()
    try {
      const held = await renew()
      if (held === null) return lose('this worker was taken for dead; its runs were given to others')
      lastGood = sent
      fenced = false
      onHeld(held, sent)
    } catch (error) {
      log.warn({ err: error }, 'the heartbeat failed')
    } finally {
      beating = false
    }
  }

  function lose(why: string): void {
    if (fenced) return
    fenced = true
    log.error(why)
    onLost()
  }

  const beats = setInterval(() => void beat(), tunables.heartbeat)
  const watch = setInterval(() => {
    if (performance.now() - lastGood > tunables.selfFence)
      lose('the lease could not be renewed: this worker lets go of its runs')
  }, 500)
  return {
    stop() {
      clearInterval(beats)
      clearInterval(watch)
    },
    now: () => void beat(),
  }
}
