import type { BellLane } from '../bellLane.ts'

/** Forgetting early costs a handler call too many, nothing else. */
const REMEMBERED = 10_000

/**
 * The bells that this process rings and answers itself, without the way through the queue. Their jobs are added all the
 * same, for others may have more free slots, but when one comes back here it has been answered already.
 */
export class OwnBells {
  readonly #lanes = new Set<BellLane>()
  readonly #answered = new Set<string>()

  add(lane: BellLane): void {
    this.#lanes.add(lane)
  }

  remove(lane: BellLane): void {
    this.#lanes.delete(lane)
  }

  ring(runIds: readonly string[]): void {
    // What an earlier bell for the same run left behind must not make the new one skipped.
    for (const runId of runIds) this.#answered.delete(runId)
    const open = [...this.#lanes].find((lane) => lane.isOpen)
    if (open) void this.#answer(open, [...runIds])
  }

  /** True when all of them have been answered here; forgets it. */
  skip(runIds: readonly string[]): boolean {
    return runIds.map((runId) => this.#answered.delete(runId)).every(Boolean)
  }

  async #answer(lane: BellLane, runIds: string[]): Promise<void> {
    for (const runId of runIds) this.#answered.add(runId)
    while (this.#answered.size > REMEMBERED) this.#answered.delete(this.#answered.values().next().value!)
    const outcome = await lane.answer(runIds)
    if (outcome !== 'answered') for (const runId of runIds) this.#answered.delete(runId)
  }
}
