import { setTimeout as sleep } from 'node:timers/promises'
import { type Script, messageOf, preciseNow } from '../agent/script.ts'
import type { Arrivals } from './arrivals.ts'
import { type Poster, startPoster } from './postMessages.ts'
import { type Quantiles, quantilesOf } from './quantiles.ts'
import type { Talk } from './talker.ts'
import { TimedReader, type TimedTurn } from './timedReader.ts'
import type { TimedRun } from './timedRuns.ts'

export interface OpenLoopPlan {
  url: string
  /** The nodes, over which the readers are spread. */
  eventsUrls: readonly string[]
  talks: readonly Talk[]
  /** Of every message; its text is timed. */
  script: Omit<Script, 'timed'>
}

/** Milliseconds. */
export interface OpenLoopResult {
  sent: number
  acknowledged: number
  completed: number
  errors: number
  faults: number
  /** The first errors and faults, for a person. */
  first: string[]
  /** From when a message was to be sent to its first text at the reader, less what the agent app was told to think. */
  firstText: Quantiles
  /** Of that: until the agent app wrote it, and from there on. */
  toAgent: Quantiles
  /** How much later than planned the load has sent: in `firstText`, but nobody's fault. */
  late: Quantiles
  /** From the agent app's writing of a piece to its reading, of all pieces. */
  delays: Quantiles
  /** Events that brought text, per piece: less than 1 where deltas are wider. */
  eventsPerPiece: number
}

const LAST_RUN_MS = 60_000
const LOOK_EVERY_MS = 100
const CONNECTIONS = 256
const CONNECT_AT_ONCE = 16
const SHOWN = 5

/** Sessions that are sent messages when their time has come, however the ones before do. */
export class OpenLoop {
  readonly #plan: OpenLoopPlan
  readonly #readers: TimedReader[]
  readonly #poster: Poster
  readonly #errors: string[] = []
  #sent = 0

  private constructor(plan: OpenLoopPlan) {
    this.#plan = plan
    this.#readers = plan.talks.map((talk) => new TimedReader(talk))
    this.#poster = startPoster(plan.url, Math.min(plan.talks.length, CONNECTIONS))
  }

  static async connect(plan: OpenLoopPlan): Promise<OpenLoop> {
    const loop = new OpenLoop(plan)
    const left = loop.#readers.entries()
    const connectNext = async () => {
      for (const [index, reader] of left) await reader.connect(plan.eventsUrls[index % plan.eventsUrls.length]!)
    }
    await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, connectNext))
    return loop
  }

  /** Sends one message to the next session at each of the times, and waits until all of them are answered. */
  async play(arrivals: Arrivals): Promise<OpenLoopResult> {
    const begun = preciseNow()
    const posts: Promise<void>[] = []
    for (const [index, at] of arrivals.entries()) {
      const dueAt = begun + at
      const early = dueAt - preciseNow()
      if (early > 0) await sleep(early)
      posts.push(this.#post(index, dueAt))
    }
    await Promise.all(posts)
    for (const deadline = performance.now() + LAST_RUN_MS; performance.now() < deadline; await sleep(LOOK_EVERY_MS)) {
      if (this.#readers.every(({ isQuiet }) => isQuiet)) break
    }
    return this.#result(arrivals.length)
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) reader.close()
    await this.#poster.close()
  }

  async #post(index: number, dueAt: number): Promise<void> {
    const place = index % this.#readers.length
    const { sessionId, token, name } = this.#plan.talks[place]!
    const content = `${name}-${this.#sent++}`
    const input = messageOf(content, { ...this.#plan.script, timed: true })
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': content,
    }
    const lateMs = preciseNow() - dueAt
    try {
      const answer = await this.#poster.post(`/v1/sessions/${sessionId}/messages`, headers, JSON.stringify({ input }))
      this.#readers[place]!.answered(answer, dueAt, lateMs)
    } catch (error) {
      this.#errors.push(`${content}: ${String(error)}`)
    }
  }

  #result(sent: number): OpenLoopResult {
    const { deltas, thinkMs } = this.#plan.script
    const turns = this.#readers.flatMap((reader) => reader.read(deltas))
    const errors = [...this.#errors, ...this.#readers.flatMap((reader) => reader.errors)]
    const faults = this.#readers.flatMap((reader) => reader.faults)
    const total = (name: 'acknowledged' | 'completed') =>
      this.#readers.reduce((sum, { counts }) => sum + counts[name], 0)
    return {
      sent,
      acknowledged: total('acknowledged'),
      completed: total('completed'),
      errors: errors.length,
      faults: faults.length,
      first: [...errors.slice(0, SHOWN), ...faults.slice(0, SHOWN)],
      ...timesOf(turns, thinkMs),
    }
  }
}

function timesOf(turns: readonly TimedTurn[], thinkMs: number) {
  const delays = turns.flatMap(({ run }) => run?.text.delays ?? [])
  const parts = turns.reduce((sum, { run }) => sum + (run?.parts ?? 0), 0)
  const since = (timeOf: (run: TimedRun) => number | null) =>
    quantilesOf(
      turns.flatMap(({ dueAt, run }) => {
        const at = run && timeOf(run)
        return at === null ? [] : [at - dueAt - thinkMs]
      }),
    )
  return {
    firstText: since((run) => run.firstAt),
    toAgent: since((run) => run.text.firstSentAt),
    late: quantilesOf(turns.map(({ lateMs }) => lateMs)),
    delays: quantilesOf(delays),
    eventsPerPiece: delays.length === 0 ? 0 : parts / delays.length,
  }
}
