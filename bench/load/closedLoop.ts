import { setTimeout as sleep } from 'node:timers/promises'
import type { FrameCounts } from './frameCheck.ts'
import { LatencyWindow, type LoopWindow } from './latencyWindow.ts'
import { type Poster, startPoster } from './postMessages.ts'
import { type Talk, Talker } from './talker.ts'

export interface LoopPlan {
  url: string
  eventsUrl: string
  talks: readonly Talk[]
}

/** From the beginning to the end, warm-up and all. */
export interface LoopVerdict extends FrameCounts {
  errors: number
  faults: number
  /** The first errors and faults, for a person. */
  first: string[]
}

/** Beyond it, some of what was kept is checked at once. */
const KEPT_BYTES = 300_000_000
const LOOK_EVERY_MS = 500
const LAST_RUN_MS = 30_000
const SHOWN = 5

/** Sessions in a closed loop: C of them at once. */
export class ClosedLoop {
  readonly #talkers: Talker[]
  readonly #poster: Poster
  #loops: Promise<void>[] = []
  readonly #memory: NodeJS.Timeout
  readonly #window = new LatencyWindow()
  readonly #late: string[] = []
  #stopping = false

  private constructor(talkers: Talker[], poster: Poster) {
    this.#talkers = talkers
    this.#poster = poster
    this.#memory = setInterval(() => this.#boundMemory(), LOOK_EVERY_MS)
  }

  /** Connects every reader, one after another: connecting is not what is measured. */
  static async connect({ url, eventsUrl, talks }: LoopPlan): Promise<ClosedLoop> {
    const poster = startPoster(url, talks.length)
    const talkers = talks.map((talk) => new Talker(talk, poster))
    for (const talker of talkers) await talker.connect(eventsUrl)
    return new ClosedLoop(talkers, poster)
  }

  begin(): void {
    this.#stopping = false
    this.#loops = this.#talkers.map((talker) => this.#talk(talker))
  }

  /** Every session waits for the end of its run and says no more; `begin` lets them go on. */
  async pause(): Promise<void> {
    this.#stopping = true
    const late = await Promise.race([Promise.all(this.#loops), sleep(LAST_RUN_MS, null, { ref: false })])
    if (late === null) this.#late.push('a run did not end')
    this.#boundMemory()
  }

  /** What ends from now on counts. */
  open(): void {
    this.#window.open()
  }

  close(): LoopWindow {
    return this.#window.close()
  }

  /** Once they have paused: checks all of it. */
  async stop(): Promise<LoopVerdict> {
    clearInterval(this.#memory)
    for (const talker of this.#talkers) {
      talker.verify()
      talker.check.expectNoMore()
      talker.close()
    }
    await this.#poster.close()
    return verdictOf(this.#talkers, this.#late)
  }

  async #talk(talker: Talker): Promise<void> {
    while (!this.#stopping) {
      const turn = await talker.turn()
      if (turn) this.#window.note(turn.sentAt, turn.endedAt)
      else return
    }
  }

  /** Only as much at a time as is too much: while it is checked, nobody reads. */
  #boundMemory(): void {
    let kept = this.#talkers.reduce((sum, { keptBytes }) => sum + keptBytes, 0)
    for (const talker of this.#talkers.toSorted((one, other) => other.keptBytes - one.keptBytes)) {
      if (kept <= KEPT_BYTES) return
      kept -= talker.keptBytes
      talker.verify()
    }
  }
}

function verdictOf(talkers: readonly Talker[], late: readonly string[]): LoopVerdict {
  const errors = [...late, ...talkers.flatMap((talker) => talker.errors)]
  const faults = talkers.flatMap(({ check }) => check.faults)
  const sum = (name: keyof FrameCounts) => talkers.reduce((total, { check }) => total + check.counts[name], 0)
  return {
    acknowledged: sum('acknowledged'),
    completed: sum('completed'),
    events: sum('events'),
    deltas: sum('deltas'),
    errors: errors.length,
    faults: faults.length,
    first: [...errors.slice(0, SHOWN), ...faults.slice(0, SHOWN)],
  }
}
