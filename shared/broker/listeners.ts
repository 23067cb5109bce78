/** Who wants to be told; a listener that throws is our own mistake and must not keep the others from hearing. */
export class Listeners<Message> {
  readonly #all = new Set<(message: Message) => void>()
  readonly #onError: (error: Error, where: string) => void

  constructor(onError: (error: Error, where: string) => void) {
    this.#onError = onError
  }

  add(listener: (message: Message) => void): () => void {
    this.#all.add(listener)
    return () => void this.#all.delete(listener)
  }

  tell(message: Message): void {
    for (const listener of this.#all) {
      try {
        listener(message)
      } catch (error) {
        this.#onError(error instanceof Error ? error : new Error(String(error)), 'a listener')
      }
    }
  }
}

/** Counts who watches what. */
export class WatchCounts {
  readonly #counts = new Map<string, number>()

  /** True for the first watcher. */
  add(key: string): boolean {
    const count = this.#counts.get(key) ?? 0
    this.#counts.set(key, count + 1)
    return count === 0
  }

  /** True when nobody is left. */
  remove(key: string): boolean {
    const count = this.#counts.get(key) ?? 0
    if (count > 1) this.#counts.set(key, count - 1)
    else this.#counts.delete(key)
    return count === 1
  }

  has(key: string): boolean {
    return this.#counts.has(key)
  }
}
