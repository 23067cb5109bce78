import { isObject } from '@shared/domain/json'
import { PLAIN, piecesOf } from '../agent/script.ts'
import { endsRun } from './endsRun.ts'
import { FrameCheck } from './frameCheck.ts'
import { FrameStore } from './frameStore.ts'
import { LeanSocket } from './leanSocket.ts'
import type { Answer, Poster } from './postMessages.ts'

export interface Talk {
  sessionId: string
  token: string
  /** Begins each of its messages, so that no two sessions say the same. */
  name: string
}

/** One message and its answer, on this process' clock. */
export interface Turn {
  sentAt: number
  endedAt: number
}

/**
 * One end user with one session, who sends the next message when the last one is answered. What comes is kept unparsed
 * and checked later: the measured window pays for no parser.
 */
export class Talker {
  readonly #talk: Talk
  readonly #poster: Poster
  readonly #check: FrameCheck
  readonly #headers: Record<string, string>
  #socket: LeanSocket | null = null
  readonly #frames = new FrameStore()
  /** Answers of POST that were not read yet, and the messages that they answer. */
  readonly #answers = new FrameStore()
  #answered: string[] = []
  #turns = 0
  #ended: ((at: number) => void) | null = null
  #broken: ((error: Error) => void) | null = null
  /** What went wrong: a refusal, a lost connection. */
  readonly errors: string[] = []

  constructor(talk: Talk, poster: Poster) {
    this.#talk = talk
    this.#poster = poster
    this.#check = new FrameCheck(talk.sessionId, 0)
    this.#headers = { authorization: `Bearer ${talk.token}`, 'content-type': 'application/json' }
  }

  get check(): FrameCheck {
    return this.#check
  }

  get keptBytes(): number {
    return this.#frames.bytes + this.#answers.bytes
  }

  async connect(eventsUrl: string): Promise<void> {
    const { token, sessionId } = this.#talk
    this.#socket = await LeanSocket.connect(eventsUrl, token, {
      event: (json) => this.#take(json),
      end: (why) => this.#broken?.(new Error(why)),
    })
    await this.#socket.subscribe(sessionId, 0)
  }

  /** Sends one message and waits for its answer and for the run's end; null when that failed. */
  async turn(): Promise<Turn | null> {
    const content = `${this.#talk.name}-${++this.#turns}`
    const headers = { ...this.#headers, 'idempotency-key': content }
    const sentAt = performance.now()
    const ended = new Promise<number>((resolve, reject) => {
      this.#ended = resolve
      this.#broken = reject
    })
    try {
      const path = `/v1/sessions/${this.#talk.sessionId}/messages`
      const posted = this.#poster.post(path, headers, JSON.stringify({ input: content }))
      const [, endedAt] = await Promise.all([posted.then((answer) => this.#accepted(answer, content)), ended])
      return { sentAt, endedAt }
    } catch (error) {
      this.errors.push(`${content}: ${String(error)}`)
      return null
    }
  }

  /** Checks what has been kept, and forgets it. */
  verify(): void {
    for (const frame of this.#frames.take()) this.#check.take(frame)
    const messages = this.#answered
    this.#answered = []
    let index = 0
    for (const answer of this.#answers.take()) {
      const text = piecesOf(messages[index++] ?? '', PLAIN.deltas).join('')
      this.#check.expect({ runId: runIdOf(answer), text })
    }
  }

  close(): void {
    this.#socket?.close()
  }

  #accepted({ status, body }: Answer, content: string): void {
    if (status !== 202) throw new Error(`${status} ${body.toString().slice(0, 300)}`)
    this.#answers.add(body)
    this.#answered.push(content)
  }

  #take(json: Buffer): void {
    this.#frames.add(json)
    if (!endsRun(json)) return
    this.#ended?.(performance.now())
    this.#ended = null
  }
}

function runIdOf(answer: string): string {
  const body: unknown = JSON.parse(answer)
  return isObject(body) && isObject(body.run) && typeof body.run.id === 'string' ? body.run.id : 'no id'
}
