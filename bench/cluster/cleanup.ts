import { constants } from 'node:os'

/** What has to be undone, in reverse order, however the work ends. */
export interface Cleanup {
  /** Adds a step. While cleaning up already (a signal came during a start) it is done at once. */
  defer(step: () => void | Promise<void>): void
}

function tellStepFailed(error: unknown): void {
  console.error('Cleaning up:', error)
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Does `work` and then every deferred step: also when it throws, and when a signal ends us. A second signal ends us at
 * once; processes that were started are then killed by startProcess' own exit hook.
 */
export async function withCleanup<Result>(
  work: (cleanup: Cleanup) => Promise<Result>,
  onStepFailed: (error: unknown) => void = tellStepFailed,
): Promise<Result> {
  const stack = new StepStack(onStepFailed)
  let interrupted = false
  const interrupt = (signal: (typeof SIGNALS)[number]) => {
    const exit = () => process.exit(128 + constants.signals[signal])
    if (interrupted) exit()
    interrupted = true
    void stack.unwind().finally(exit)
  }
  for (const signal of SIGNALS) process.on(signal, interrupt)
  try {
    return await work(stack)
  } finally {
    await stack.unwind()
    // What the work threw because all was taken away from it is nobody's concern.
    if (interrupted) await new Promise(() => undefined)
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
}

/** Steps that are done when somebody says so; a part of a whole: `whole.defer(() => part.unwind())`. */
export class StepStack implements Cleanup {
  readonly #steps: (() => void | Promise<void>)[] = []
  readonly #onStepFailed: (error: unknown) => void
  #unwinding: Promise<void> | undefined

  constructor(onStepFailed: (error: unknown) => void = tellStepFailed) {
    this.#onStepFailed = onStepFailed
  }

  defer(step: () => void | Promise<void>): void {
    if (this.#unwinding) this.#unwinding = this.#unwinding.then(() => this.#attempt(step))
    else this.#steps.push(step)
  }

  unwind(): Promise<void> {
    this.#unwinding ??= this.#run()
    return this.#unwinding
  }

  async #run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) await this.#attempt(step)
  }

  /** A step that fails must not keep the others from being done. */
  async #attempt(step: () => void | Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.#onStepFailed(error)
    }
  }
}
