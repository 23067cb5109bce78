import { residentMemory } from './processTree.ts'
import type { Cleanup } from '../cluster/cleanup.ts'

/** Resident memory by the name of a process, in MB, so many seconds after the beginning. */
export interface MemorySample {
  seconds: number
  megabytes: Readonly<Record<string, number>>
}

/** Notes the resident memory of processes every so many ms until it is stopped; forks are not in it. */
export class MemoryWatch {
  readonly #roots: () => Readonly<Record<string, number>>
  readonly #samples: MemorySample[] = []
  readonly #begun = performance.now()
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> = Promise.resolve()

  private constructor(roots: () => Record<string, number>, everyMs: number) {
    this.#roots = roots
    this.#timer = setInterval(() => (this.#looking = this.#look()), everyMs)
  }

  static start(roots: () => Record<string, number>, everyMs: number, cleanup: Cleanup): MemoryWatch {
    const watch = new MemoryWatch(roots, everyMs)
    cleanup.defer(() => clearInterval(watch.#timer))
    return watch
  }

  /** Looks once more, and gives all that was noted. */
  async stop(): Promise<readonly MemorySample[]> {
    clearInterval(this.#timer)
    await this.#looking
    await this.#look()
    return this.#samples
  }

  async #look(): Promise<void> {
    const megabytes = await readMemory(this.#roots())
    this.#samples.push({ seconds: (performance.now() - this.#begun) / 1_000, megabytes })
  }
}

/** Resident memory of each process now, in MB. */
export async function readMemory(roots: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  const entries = Object.entries(roots).map(async ([name, pid]) => [name, await residentMemory(pid)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** The most that each process had. */
export function peaksOf(samples: readonly MemorySample[]): Record<string, number> {
  const peaks: Record<string, number> = {}
  for (const { megabytes } of samples) {
    for (const [name, value] of Object.entries(megabytes)) peaks[name] = Math.max(peaks[name] ?? 0, value)
  }
  return peaks
}
