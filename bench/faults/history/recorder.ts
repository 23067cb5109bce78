import { writeFile } from 'node:fs/promises'
import type { Entry } from './entries.ts'

/** An entry without its time. */
export type Told = Entry extends infer E ? (E extends Entry ? Omit<E, 'at'> : never) : never

interface Waiter {
  fits: (entry: Entry) => boolean
  settle: (entry: Entry | null) => void
}

/** Keeps a strike's history. Times are milliseconds since it began, by this machine's clock. */
export class Recorder {
  readonly entries: Entry[] = []
  readonly #startedAt = Date.now()
  readonly #waiters = new Set<Waiter>()

  note(told: Told): void {
    // Assignable: `at` is all that was left out.
    const entry = { at: this.now(), ...told } as Entry
    this.entries.push(entry)
    for (const waiter of this.#waiters) if (waiter.fits(entry)) waiter.settle(entry)
  }

  now(): number {
    return Date.now() - this.#startedAt
  }

  /** When something happened that another process of this machine has dated. */
  timeOf(at: string): number {
    return Date.parse(at) - this.#startedAt
  }

  /** The first entry that fits, also one of the past; null when none came within `timeoutMs`. */
  first(fits: (entry: Entry) => boolean, timeoutMs: number): Promise<Entry | null> {
    const past = this.entries.find(fits)
    if (past) return Promise.resolve(past)
    return new Promise((resolve) => {
      const settle = (entry: Entry | null) => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        resolve(entry)
      }
      const timer = setTimeout(() => settle(null), timeoutMs)
      const waiter = { fits, settle }
      this.#waiters.add(waiter)
    })
  }

  /** One entry a line. */
  async write(file: string): Promise<void> {
    await writeFile(file, this.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  }
}
