/**
 * Takes steps, one at a time, until one says that there is nothing more to do (false). Who wakes it while it is at work
 * has everything looked through once more, so no wake is lost.
 */
export class Loop {
  readonly #step: () => Promise<boolean>
  #busy = false
  #woken = false

  constructor(step: () => Promise<boolean>) {
    this.#step = step
  }

  async wake(): Promise<void> {
    this.#woken = true
    if (this.#busy) return
    this.#busy = true
    try {
      while (this.#woken) {
        this.#woken = false
        while (await this.#step());
      }
    } finally {
      this.#busy = false
    }
  }
}
