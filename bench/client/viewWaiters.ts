import type { SessionView } from '@shared/domain/foldSession'

interface Waiter {
  done: (view: SessionView) => boolean
  settle: (error: Error | null) => void
}

/** Those who wait until a reader has folded what they want to see. */
export class ViewWaiters {
  readonly #waiters = new Set<Waiter>()
  readonly #view: () => SessionView
  #error: Error | null = null

  constructor(view: () => SessionView) {
    this.#view = view
  }

  /** Resolves once the folded view is as asked; rejects after `timeoutMs`, or when reading has failed for good. */
  async until(done: (view: SessionView) => boolean, timeoutMs: number, what: string): Promise<void> {
    if (done(this.#view())) return
    if (this.#error) throw this.#error
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => settle(new Error(`${what}: not seen within ${timeoutMs / 1000} s`)), timeoutMs)
      const settle = (error: Error | null) => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        if (error) reject(error)
        else resolve()
      }
      const waiter = { done, settle }
      this.#waiters.add(waiter)
    })
  }

  /** The view has changed. */
  wake(): void {
    for (const waiter of this.#waiters) if (waiter.done(this.#view())) waiter.settle(null)
  }

  /** Nothing more can come. */
  fail(error: Error): void {
    this.#error = error
    for (const waiter of this.#waiters) waiter.settle(error)
  }
}
