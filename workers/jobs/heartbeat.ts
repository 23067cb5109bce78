import type { Logger } from 'pino'
import type { Leases } from '@shared/domain/leases'
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
  leases: Leases
  /** Null: the runs of this worker were given to others. */
  renew: () => Promise<HeldRun[] | null>
  /** What Postgres says this worker holds; `before` is when the question was asked (performance.now()). */
  onHeld: (held: HeldRun[], before: number) => void
  /** The lease is lost or can't be renewed in time: nothing may be written any more. Said again while it stays so. */
  onLost: () => void
  log: Logger
}

export function startHeartbeat({ leases, renew, onHeld, onLost, log }: HeartbeatOptions): Heartbeat {
  let lastGood = performance.now()
  let lostAt = Number.NEGATIVE_INFINITY
  /** When the newest question was sent, while it has no answer. */
  let asking: number | null = null
  let askAgain = false
  let lastAnswered = Number.NEGATIVE_INFINITY
  let stopped = false

  /** Doesn't wait for the one before: an answer may hang on one broken connection while others are well. */
  async function beat(): Promise<void> {
    const sent = performance.now()
    asking = sent
    askAgain = false
    try {
      heed(await renew(), sent)
    } catch (error) {
      log.warn({ err: error }, 'the heartbeat failed')
    }
    if (asking !== sent) return
    asking = null
    if (askAgain && !stopped) void beat()
  }

  function heed(held: HeldRun[] | null, sent: number): void {
    // Overtaken by a newer answer, or about a time before the runs were let go.
    if (stopped || sent < lastAnswered || sent < lostAt) return
    lastAnswered = sent
    if (held === null) return lose('this worker was taken for dead; its runs were given to others')
    lastGood = sent
    onHeld(held, sent)
  }

  function lose(why: string): void {
    // What the worker takes on from now on has a lease of its own.
    lastGood = lostAt = performance.now()
    log.error(why)
    onLost()
  }

  const beats = setInterval(() => void beat(), leases.heartbeat)
  const watch = setInterval(() => {
    if (performance.now() - lastGood > leases.selfFence)
      lose('the lease could not be renewed: this worker lets go of its runs')
  }, leases.watch)
  return {
    stop() {
      stopped = true
      clearInterval(beats)
      clearInterval(watch)
    },
    now() {
      if (stopped) return
      // An answer under way may be older than what was said.
      if (asking === null) void beat()
      else askAgain = true
    },
  }
}
