import type { Database } from '@shared/store/pool'
import { subscribeRun } from './runFeed.ts'
import type { SessionFeeds } from './sessionFeeds.ts'

/**
 * Waits until a run has ended or paused, at most `waitMs`. False: the time was up, this node stopped reading, or whoever
 * waited is `gone`.
 */
export async function waitForRun(
  feeds: SessionFeeds,
  db: Database,
  run: { id: string; sessionId: string },
  waitMs: number,
  gone?: AbortSignal,
): Promise<boolean> {
  const { promise, resolve } = settleable()
  const subscription = await subscribeRun(feeds, db, run, 0, {
    send: () => undefined,
    pendingBytes: () => 0,
    drained: async () => undefined,
    cut: () => resolve(false),
    end: () => resolve(true),
  })
  const timer = setTimeout(() => resolve(false), waitMs)
  gone?.addEventListener('abort', () => resolve(false))
  if (gone?.aborted) resolve(false)
  const over = await promise
  clearTimeout(timer)
  subscription.close()
  return over
}

function settleable(): { promise: Promise<boolean>; resolve: (value: boolean) => void } {
  let resolve: (value: boolean) => void = () => undefined
  const promise = new Promise<boolean>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
