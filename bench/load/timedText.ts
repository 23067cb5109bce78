import { readTimedPieces, timedPiece } from '../agent/script.ts'

const END = ';'
const PIECE_LENGTH = timedPiece(0, Date.now()).length

/**
 * A text of timed pieces (agent/script.ts) as it comes, cut anywhere. All of its bytes but the times are known before, so
 * whatever is lost, doubled, out of order or changed shows.
 */
export class TimedText {
  /** From a piece's sending to its coming, in ms, in the order of the pieces. */
  readonly delays: number[] = []
  /** When the first piece was sent, on the clock of the pieces. */
  firstSentAt: number | null = null
  #text = ''
  #rest = ''
  #fault: string | null = null

  /** All that came. */
  get text(): string {
    return this.#text
  }

  /** Reads on; `now` on the clock of the pieces. */
  take(more: string, now: number): void {
    this.#text += more
    this.#rest += more
    const whole = this.#rest.slice(0, this.#rest.lastIndexOf(END) + 1)
    this.#rest = this.#rest.slice(whole.length)
    const pieces = readTimedPieces(whole)
    const expected = pieces.map(({ at }, n) => timedPiece(this.delays.length + n, at)).join('')
    // A time that has lost a digit is a time as well.
    const isWhole = whole === expected && whole.length === pieces.length * PIECE_LENGTH
    if (!isWhole) this.#fault ??= `after piece ${this.delays.length} came "${whole.slice(0, 80)}"`
    this.firstSentAt ??= pieces[0]?.at ?? null
    for (const { at } of pieces) this.delays.push(now - at)
  }

  /** What is wrong with the whole text, which should have so many pieces; null: nothing. */
  fault(pieces: number): string | null {
    if (this.#fault !== null) return this.#fault
    if (this.#rest !== '') return `it ends with "${this.#rest.slice(0, 80)}"`
    return this.delays.length === pieces ? null : `${this.delays.length} of ${pieces} pieces came`
  }
}
