import { isObject } from '@shared/domain/json'
import { preciseNow } from '../agent/script.ts'
import { FrameStore } from './frameStore.ts'
import { LeanSocket } from './leanSocket.ts'
import type { Answer } from './postMessages.ts'
import { endsRun } from './endsRun.ts'
import type { Talk } from './talker.ts'
import { type TimedRun, TimedRuns } from './timedRuns.ts'

/** What became of one message: when it was to be sent, how late it was, and its run as the reader has seen it. */
export interface TimedTurn {
  dueAt: number
  lateMs: number
  run: TimedRun | null
}

/** An end user's session with a reader of its events; all that comes is kept with its time and read when it is over. */
export class TimedReader {
  readonly #talk: Talk
  readonly #runs: TimedRuns
  readonly #frames = new FrameStore()
  /** When each of them came. */
  #times: number[] = []
  readonly #answers: { answer: Answer; dueAt: number; lateMs: number }[] = []
  #socket: LeanSocket | null = null
  #ended = 0
  readonly errors: string[] = []

  constructor(talk: Talk) {
    this.#talk = talk
    this.#runs = new TimedRuns(talk.sessionId, 0)
  }

  get faults(): readonly string[] {
    return this.#runs.check.faults
  }

  get counts() {
    return this.#runs.check.counts
  }

  /** Whether every message that was accepted has come to its end. */
  get isQuiet(): boolean {
    return this.#ended >= this.#answers.length
  }

  async connect(eventsUrl: string): Promise<void> {
    const { token, sessionId } = this.#talk
    this.#socket = await LeanSocket.connect(eventsUrl, token, {
      event: (json) => this.#take(json),
      end: (why) => void this.errors.push(`${this.#talk.name}: ${why}`),
    })
    await this.#socket.subscribe(sessionId, 0)
  }

  close(): void {
    this.#socket?.close()
  }

  /** The answer of a POST that was due then. */
  answered(answer: Answer, dueAt: number, lateMs: number): void {
    if (answer.status === 202) this.#answers.push({ answer, dueAt, lateMs })
    else this.errors.push(`${this.#talk.name}: ${answer.status} ${answer.body.toString().slice(0, 300)}`)
  }

  /** Checks all that has come; every run's text has so many pieces. */
  read(pieces: number): TimedTurn[] {
    const times = this.#times
    this.#times = []
    let index = 0
    for (const json of this.#frames.take()) this.#runs.take(json, times[index++]!)
    const turns = this.#answers.splice(0).map(({ answer, dueAt, lateMs }) => {
      return { dueAt, lateMs, run: this.#runs.expect(runIdOf(answer), pieces) }
    })
    this.#ended = 0
    this.#runs.check.expectNoMore()
    return turns
  }

  #take(json: Buffer): void {
    this.#times.push(preciseNow())
    this.#frames.add(json)
    if (endsRun(json)) this.#ended++
  }
}

function runIdOf({ body }: Answer): string {
  const parsed: unknown = JSON.parse(body.toString())
  return isObject(parsed) && isObject(parsed.run) && typeof parsed.run.id === 'string' ? parsed.run.id : 'no id'
}
