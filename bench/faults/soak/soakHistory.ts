import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ENDS } from '../arena/endpoint.ts'
import { checkHistory } from '../checker/checkHistory.ts'
import type { Entry, EntryOf } from '../history/entries.ts'
import type { Recorder } from '../history/recorder.ts'

/** The soak's one endpoint, which is to get the end of every run. */
export const ENDPOINT = 'soak'

/** What clients recorded, on disk: a file for each conversation, so that a soak may be as long as one likes. */
export class SoakHistory {
  readonly #folder: string
  /** What came to the endpoint, by run. */
  readonly #delivered = new Map<string, EntryOf<'delivered'>[]>()
  readonly #owed = new Set<string>()
  #messages = 0
  #runs = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async begin(folder: string): Promise<SoakHistory> {
    await mkdir(folder, { recursive: true })
    return new SoakHistory(folder)
  }

  /** Messages that were accepted. */
  get messages(): number {
    return this.#messages
  }

  get runs(): number {
    return this.#runs
  }

  deliver(delivered: EntryOf<'delivered'>): void {
    const known = this.#delivered.get(delivered.runId)
    if (known) known.push(delivered)
    else this.#delivered.set(delivered.runId, [delivered])
    if (delivered.answered >= 200 && delivered.answered < 300) this.#owed.delete(delivered.runId)
  }

  /** Ends of runs that the endpoint has not taken yet. */
  get undelivered(): number {
    return this.#owed.size
  }

  /** Puts a conversation that is over on disk. */
  async keep(name: string, { entries }: Recorder): Promise<void> {
    const accepted = entries.filter((entry) => entry.kind === 'acknowledged')
    this.#messages += new Set(accepted.map(({ key }) => key)).size
    for (const run of entries.flatMap((entry) => (entry.kind === 'final' ? entry.runs : []))) {
      this.#runs++
      const taken = this.#delivered.get(run.id)?.some(({ answered }) => answered >= 200 && answered < 300) ?? false
      if (!taken) this.#owed.add(run.id)
    }
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
    await writeFile(path.join(this.#folder, `${name}.jsonl`), lines)
  }

  /** Checks one conversation after the other, each with what the endpoint got of it. */
  async check(): Promise<string[]> {
    const violations: string[] = []
    for (const file of (await readdir(this.#folder)).toSorted()) {
      const lines = (await readFile(path.join(this.#folder, file), 'utf8')).split('\n').filter(Boolean)
      // Written by `keep`.
      const entries = lines.map((line) => JSON.parse(line) as Entry)
      const runs = entries.flatMap((entry) => (entry.kind === 'final' ? entry.runs : []))
      const delivered = runs.flatMap(({ id }) => this.#delivered.get(id) ?? [])
      const endpoint: Entry = { at: 0, kind: 'endpoint', endpoint: ENDPOINT, types: ENDS }
      const found = checkHistory([...entries, endpoint, ...delivered])
      violations.push(...found.map(({ invariant, what }) => `${invariant} ${what} (${file})`))
    }
    return violations
  }
}
