import { residentMemory } from './processTree.ts'
import type { Cleanup } from '../cluster/cleanup.ts'

/** Memory by the name of a process, in MB, so many seconds after the beginning. */
export interface MemorySample {
  seconds: number
  megabytes: Readonly<Record<string, number>>
}

/** Notes the memory of processes every so many ms until it is stopped; a look that takes longer leaves others out. */
export class MemoryWatch {
  readonly #look: () => Promise<Readonly<Record<string, number>>>
  readonly #samples: MemorySample[] = []
  readonly #begun = performance.now()
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | null = null
  #failure: unknown = null

  private constructor(look: () => Promise<Record<string, number>>, everyMs: number) {
    this.#look = look
    this.#timer = setInterval(() => {
      this.#looking ??= this.#note()
        .catch((error: unknown) => (this.#failure ??= error))
        .then(() => void (this.#looking = null))
    }, everyMs)
  }

  /** `look` gives megabytes by the name of a process. */
  static start(look: () => Promise<Record<string, number>>, everyMs: number, cleanup: Cleanup): MemoryWatch {
    const watch = new MemoryWatch(look, everyMs)
    cleanup.defer(() => clearInterval(watch.#timer))
    return watch
  }

  /** Looks once more, and gives all that was noted; throws what went wrong in a look. */
  async stop(): Promise<readonly MemorySample[]> {
    clearInterval(this.#timer)
    await this.#looking
    if (this.#failure !== null) throw this.#failure
    await this.#note()
    return this.#samples
  }

  async #note(): Promise<void> {
    const seconds = (performance.now() - this.#begun) / 1_000
    this.#samples.push({ seconds, megabytes: await this.#look() })
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
