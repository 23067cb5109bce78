import { FrameCheck } from './frameCheck.ts'
import { TimedText } from './timedText.ts'

/** One run with a timed text, as its reader has seen it. */
export interface TimedRun {
  text: TimedText
  /** When the first of it came; null: nothing has. */
  firstAt: number | null
  /** How many events brought some of it: fewer where deltas are wider. */
  parts: number
}

/** What one reader of one session has got, with the time at which each frame came: all checked, and every delay noted. */
export class TimedRuns {
  readonly check: FrameCheck
  readonly #runs = new Map<string, TimedRun>()
  #now = 0

  constructor(sessionId: string, after: number) {
    this.check = new FrameCheck(sessionId, after, (runId, text) => this.#bring(runId, text))
  }

  /** One frame; `at` on the clock of the pieces. */
  take(json: string, at: number): void {
    this.#now = at
    this.check.take(json)
  }

  /** A run that was acknowledged, once all of it was read; null when no text of it came, which is a fault already. */
  expect(runId: string, pieces: number): TimedRun | null {
    const run = this.#runs.get(runId)
    this.#runs.delete(runId)
    this.check.expect({ runId, text: run?.text.text ?? '' })
    const fault = run ? run.text.fault(pieces) : 'no text came'
    if (fault !== null) this.check.faults.push(`${runId}: ${fault}`)
    return run ?? null
  }

  #bring(runId: string, text: string): void {
    if (text === '') return
    const run = this.#runs.get(runId) ?? { text: new TimedText(), firstAt: null, parts: 0 }
    this.#runs.set(runId, run)
    run.firstAt ??= this.#now
    run.parts++
    run.text.take(text, this.#now)
  }
}
