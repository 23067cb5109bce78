import { writeFile } from 'node:fs/promises'
import type { Entry } from './entries.ts'

type Told<E extends Entry> = E extends Entry ? Omit<E, 'at'> : never

/** Keeps a strike's history. Times are milliseconds since it began, by this process' clock. */
export class Recorder {
  readonly entries: Entry[] = []
  readonly #startedAt = Date.now()

  note(told: Told<Entry>): void {
    // Assignable: `at` is all that was left out.
    this.entries.push({ at: Date.now() - this.#startedAt, ...told } as Entry)
  }

  /** One entry a line. */
  async write(file: string): Promise<void> {
    await writeFile(file, this.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  }
}
