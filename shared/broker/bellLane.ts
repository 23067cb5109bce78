export type BellHandler = (runIds: string[]) => Promise<void>

/** `refused`: the lane is closed to bells, others should take it. */
export type BellOutcome = 'answered' | 'failed' | 'refused'

/**
 * Calls a handler for one set of bells at a time, whichever way they came. What arrives within one tick, or during a
 * call, is answered by the next call.
 */
export class BellLane {
  readonly #handler: BellHandler
  readonly #onError: (error: unknown) => void
  #open = true
  #waiting = new Map<readonly string[], (outcome: BellOutcome) => void>()
  #running: Promise<void> | null = null

  constructor(handler: BellHandler, onError: (error: unknown) => void) {
    this.#handler = handler
    this.#onError = onError
  }

  get isOpen(): boolean {
    return this.#open
  }

  answer(runIds: readonly string[]): Promise<BellOutcome> {
    if (!this.#open) return Promise.resolve('refused')
    return new Promise((resolve) => {
      this.#waiting.set([...runIds], resolve)
      this.#running ??= this.#run()
    })
  }

  /** Refuses bells from now on, also those that wait. A call under way goes on. */
  shut(): void {
    this.#open = false
    for (const refuse of this.#take().values()) refuse('refused')
  }

  reopen(): void {
    this.#open = true
  }

  /** Resolves when no call is under way. Not bounded. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.size > 0) {
      const taken = this.#take()
      const outcome = await this.#call([...new Set([...taken.keys()].flat())])
      for (const resolve of taken.values()) resolve(outcome)
    }
    this.#running = null
  }

  #take(): Map<readonly string[], (outcome: BellOutcome) => void> {
    const taken = this.#waiting
    this.#waiting = new Map()
    return taken
  }

  async #call(runIds: string[]): Promise<BellOutcome> {
    try {
      await this.#handler(runIds)
      return 'answered'
    } catch (error) {
      this.#onError(error)
      return 'failed'
    }
  }
}
