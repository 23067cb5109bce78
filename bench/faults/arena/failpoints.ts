import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Strike, Struck } from '@shared/failpoints/failpoint'

/** Every point of the product at which it can be struck. */
export type FailpointName =
  | `accept.${'before' | 'committed' | 'rung'}`
  | 'claim.answered'
  | `append.${'before' | 'committed'}`
  | `finish.${'before' | 'committed'}`
  | 'requeue.committed'
  | `pause.${'before' | 'committed'}`
  | 'resume.committed'
  | 'cancel.committed'
  | 'deadline.committed'
  | 'delivery.answered'
  | `takeover.${'before' | 'committed'}`

/** A strike that waits for somebody to come to its point. */
export interface Armed {
  /** Who was struck first; null when nobody came within `withinMs`, and then nobody will be. */
  struck(withinMs?: number): Promise<Struck | null>
  /** All who were struck so far, in the order in which they were; several only with `keep`. */
  all(): Promise<Struck[]>
}

const PATIENCE_MS = 15_000
const LOOK_MS = 10

/** The folder that the cluster's processes look into (shared/failpoints). */
export class Failpoints {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async arm(name: FailpointName, strike: Strike): Promise<Armed> {
    const order = path.join(this.folder, name)
    const before = new Set(await readdir(this.folder))
    await writeFile(`${order}.arming`, JSON.stringify(strike))
    await rename(`${order}.arming`, order)
    const fresh = async () => (await this.#struck(name)).filter((file) => !before.has(file))
    return {
      all: async () => {
        const struck = await Promise.all((await fresh()).map((file) => read(path.join(this.folder, file))))
        return struck.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
      },
      struck: async (withinMs = PATIENCE_MS) => {
        for (const deadline = performance.now() + withinMs; performance.now() < deadline; await sleep(LOOK_MS)) {
          const [struck] = await fresh()
          if (struck) return read(path.join(this.folder, struck))
        }
        await rm(order, { force: true })
        // Somebody may have come between the last look and now.
        const [late] = await fresh()
        return late ? read(path.join(this.folder, late)) : null
      },
    }
  }

  /** Nothing is armed any more, and nobody was struck. */
  async clear(): Promise<void> {
    for (const file of await readdir(this.folder)) await rm(path.join(this.folder, file), { force: true })
  }

  async #struck(name: string): Promise<string[]> {
    const files = await readdir(this.folder)
    return files.filter((file) => file.startsWith(`${name}.struck-`) && !file.endsWith('.new'))
  }
}

async function read(file: string): Promise<Struck> {
  // Written by shared/failpoints.
  return JSON.parse(await readFile(file, 'utf8')) as Struck
}
