import type { Logger } from 'pino'
import type { ClaimedRun } from '@shared/store/claimRuns'

/**
 * Fills a worker's free slots. A bell only wakes it: it claims as many due runs as it has free slots, hinted ones first,
 * and claims again by itself while the last claim was full. While no slot is free it takes no bells, so that they go to
 * workers that have room.
 */
export interface RunPuller {
  /** Resolves once what could be claimed has been started. */
  wake(hints: readonly string[]): Promise<void>
  /** The same for a bell: one for runs that an earlier claim has brought here asks for nothing more. */
  ring(runIds: readonly string[]): Promise<void>
  /** Takes no more runs; those that are under way go on. Resolves when no claim is under way any more. */
  stop(): Promise<void>
  /** Claims that are under way: the runs they bring are not known yet. */
  isClaiming(): boolean
  running(): number
}

export interface PullerOptions {
  concurrency: number
  claim: (hints: readonly string[], limit: number) => Promise<ClaimedRun[]>
  /** Carries out a run; settles when its slot is free. */
  execute: (run: ClaimedRun) => Promise<void>
  /** All slots are busy, or one is free again. */
  onFull: (full: boolean) => void
  log: Logger
}

const CLAIM_AGAIN_MS = 500

export function createRunPuller({ concurrency, claim, execute, onFull, log }: PullerOptions): RunPuller {
  const hints = new Set<string>()
  const carriedOut = new Set<string>()
  let busy = 0
  let stopped = false
  let wanted = false
  let moreWaiting = false
  let pulling: Promise<void> | null = null

  async function pull(): Promise<void> {
    try {
      // Several runs end in one turn of the event loop, and each says which one is next: they are claimed together.
      await new Promise((resolve) => setImmediate(resolve))
      while (wanted && hasRoom()) {
        wanted = false
        const limit = concurrency - busy
        const hinted = [...hints].slice(0, limit)
        for (const hint of hinted) hints.delete(hint)
        const claimed = await claim(hinted, limit)
        moreWaiting = claimed.length === limit || hints.size > 0
        if (moreWaiting) wanted = true
        for (const run of claimed) start(run)
      }
    } catch (error) {
      log.warn({ err: error }, 'runs could not be claimed, trying again')
      setTimeout(() => void wake([]), CLAIM_AGAIN_MS).unref()
    } finally {
      // In the turn in which the loop looked last: a bell that comes now begins a new claim.
      pulling = null
    }
  }

  function hasRoom(): boolean {
    return !stopped && busy < concurrency
  }

  function start(run: ClaimedRun): void {
    const { id } = run.run
    carriedOut.add(id)
    busy++
    if (busy === concurrency) onFull(true)
    void execute(run).finally(() => {
      carriedOut.delete(id)
      busy--
      if (busy === concurrency - 1) onFull(false)
      if (moreWaiting) void wake([])
    })
  }

  async function wake(more: readonly string[]): Promise<void> {
    // Hints only save a look; beyond what could be used soon they are found by their due time.
    for (const hint of more) if (hints.size < concurrency * 2) hints.add(hint)
    wanted = true
    if (!pulling && hasRoom()) pulling = pull()
    await pulling
  }

  return {
    wake,
    async ring(runIds) {
      const others = runIds.filter((runId) => !carriedOut.has(runId))
      if (others.length > 0) await wake(others)
    },
    async stop() {
      stopped = true
      await pulling
    },
    isClaiming: () => pulling !== null,
    running: () => busy,
  }
}
