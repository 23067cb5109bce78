import { Agent, type Dispatcher } from 'undici'
import type { CallTimeouts } from '@shared/domain/agents'
import type { AgentFrame } from '@shared/contracts/agentApi'
import { tunables } from '@shared/domain/tunables'
import type { OutboundGuard } from '@shared/outbound/guard'
import { guardedConnector } from '@shared/outbound/guardedConnector'
import { AgentFailure, invalidOutput } from './agentFailure.ts'
import { type AnswerRecord, recordChunk } from './answerRecord.ts'
import type { MakingFrame } from './assembleRun.ts'
import { type Deadline, startDeadline } from './callDeadlines.ts'
import { brokenConnection, refusal } from './callFailures.ts'
import { type AnswerFormat, type AnswerReader, OWN_FORMAT, answerReader } from './readAnswer.ts'
import { timeSlices } from './timeSlices.ts'

/**
 *   callAgentApp ─▶ dispatch ─▶ head ─▶ chunks ─▶ AnswerReader ─▶ frames ─▶ onFrame
 *                                 └───▶ another status: refusal      └───▶ done, pause: how the call ends
 * Every way that an agent app can fail comes out as an AgentFailure that says whether to try again.
 */

export interface AgentCall {
  url: string
  /** Where connections may be made to; one for all calls of a process. */
  guard: OutboundGuard
  headers: Record<string, string>
  body: string
  /** How the answer is read; our own protocol unless said. */
  format?: AnswerFormat
  timeouts: CallTimeouts
  /** Aborts the call; its reason is what the call rejects with. */
  signal: AbortSignal
  /** What firstByteAt and a Retry-After date are told by. */
  now: () => Date
}

/** How a call ends well; `goesOn`: the agent app goes on by itself (202). */
export type CallEnd = Exclude<AgentFrame, MakingFrame> | { name: 'goesOn' }

/** Connections to agent apps, kept alive and shared by all runs of a process; one set for each guard and connect timeout. */
const pools = new Map<OutboundGuard, Map<number, Agent>>()

function poolFor(guard: OutboundGuard, connectMs: number): Agent {
  let guarded = pools.get(guard)
  if (!guarded) pools.set(guard, (guarded = new Map()))
  const known = guarded.get(connectMs)
  if (known) return known
  const pool = new Agent({
    connect: guardedConnector(guard, { timeout: connectMs }),
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
  })
  guarded.set(connectMs, pool)
  return pool
}

/** Closes the connections to all agent apps; for the end of a process. */
export async function closeAgentConnections(): Promise<void> {
  const closing = [...pools.values()].flatMap((guarded) => [...guarded.values()].map((pool) => pool.destroy()))
  pools.clear()
  await Promise.all(closing)
}

/**
 * Calls an agent app and gives its frames as they come; resolves with the one that ends the leg, what comes after it is
 * not read. Rejects with an AgentFailure, the signal's reason, or what `onFrame` throws.
 */
export function callAgentApp(
  call: AgentCall,
  record: AnswerRecord,
  onFrame: (frame: MakingFrame) => void,
): Promise<CallEnd> {
  return new Promise((resolve, reject) => {
    if (call.signal.aborted) return reject(call.signal.reason)
    const answer = new Answer(call, record, onFrame, { resolve, reject })
    try {
      const { origin, pathname, search } = new URL(call.url)
      const { headers, body } = call
      const request = { origin, path: pathname + search, method: 'POST' as const, headers, body }
      poolFor(call.guard, call.timeouts.connectMs).dispatch(request, answer)
    } catch (error) {
      answer.onResponseError(null, error)
    }
  })
}

const REST = { idleMs: Number.POSITIVE_INFINITY, totalMs: 1_000 }
const REST_BYTES = 16_384

interface Settle {
  resolve: (end: CallEnd) => void
  reject: (reason: unknown) => void
}

/** What becomes of one request, as undici tells it. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #call: AgentCall
  readonly #format: AnswerFormat
  readonly #record: AnswerRecord
  readonly #onFrame: (frame: MakingFrame) => void
  readonly #settle: Settle
  readonly #slices = timeSlices()
  readonly #onAbort = () => this.#fail(this.#call.signal.reason)
  #deadline: Deadline
  #controller: Dispatcher.DispatchController | null = null
  #reader: AnswerReader | null = null
  /** Of a status that ends the call, while its body is kept. */
  #refused: AgentFailure | null = null
  /** Frames that have come and wait for their turn, and what has come meanwhile. undici can't be paused at a stream's end. */
  #waiting: Iterator<AgentFrame> | null = null
  #behind: Buffer[] = []
  #ended = false
  #state: 'open' | 'rest' | 'over' = 'open'
  #restUntil = 0

  constructor(call: AgentCall, record: AnswerRecord, onFrame: (frame: MakingFrame) => void, settle: Settle) {
    this.#call = call
    this.#format = call.format ?? OWN_FORMAT
    this.#record = record
    this.#onFrame = onFrame
    this.#settle = settle
    this.#deadline = startDeadline(call.timeouts, (which) => this.#late(which))
    call.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#state === 'over') this.#hangUp()
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    // 1xx: only information
    if (status < 200 || this.#state !== 'open') return
    this.#deadline.alive()
    this.#record.status = status
    this.#record.firstByteAt = this.#call.now()
    // Who speaks another protocol has no token to go on with.
    if (status === 202 && this.#format === OWN_FORMAT) return this.#end({ name: 'goesOn' })
    if (status !== 200) {
      this.#refused = refusal(status, headers, this.#call.now())
      return
    }
    this.#try(() => {
      this.#reader = answerReader(String(headers['content-type'] ?? ''), this.#format)
    })
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    if (this.#state === 'rest') {
      this.#record.bytes += chunk.length
      if (this.#record.bytes > this.#restUntil) this.#over()
      return
    }
    if (this.#state === 'over') return
    recordChunk(this.#record, chunk)
    if (this.#refused) {
      if (this.#record.bytes > tunables.keptResponseBytes) this.#leave(() => this.#settle.reject(this.#refused))
      return
    }
    if (this.#record.bytes > tunables.agentAnswerBytes) {
      this.#fail(invalidOutput(`The agent app sent more than ${tunables.agentAnswerBytes} bytes.`))
    } else if (this.#waiting) this.#behind.push(chunk)
    else this.#try(() => this.#read(chunk))
  }

  onResponseEnd(): void {
    this.#ended = true
    if (this.#state !== 'open') this.#stop()
    else if (this.#refused) this.#leave(() => this.#settle.reject(this.#refused))
    else if (!this.#waiting) this.#try(() => this.#readEnd())
  }

  onResponseError(_: unknown, error: unknown): void {
    this.#fail(this.#refused ?? brokenConnection(error))
  }

  #read(chunk: Buffer): void {
    const frames = this.#reader!.push(chunk, this.#deadline)
    if (frames) this.#take(frames)
  }

  #readEnd(): void {
    const reader = this.#reader
    this.#reader = null
    if (reader) this.#take(reader.end())
    if (this.#isReady()) throw this.#format.endedEarly()
  }

  /** Gives frames on; after a while it lets others have their turn. */
  #take(frames: Iterator<AgentFrame>): void {
    this.#waiting = null
    for (let next = frames.next(); !next.done; next = frames.next()) {
      const frame = next.value
      if (frame.name === 'done' || frame.name === 'pause') return this.#end(frame)
      this.#onFrame(frame)
      // It may have aborted the call.
      if (this.#state !== 'open') return
      if (!this.#slices.isOver()) continue
      this.#waiting = frames
      setImmediate(() => this.#try(() => this.#goOn(frames)))
      return
    }
  }

  #goOn(frames: Iterator<AgentFrame>): void {
    if (this.#state !== 'open') return
    this.#take(frames)
    while (this.#isReady() && this.#behind.length > 0) this.#read(this.#behind.shift()!)
    if (this.#isReady() && this.#ended) this.#readEnd()
  }

  #isReady(): boolean {
    return this.#state === 'open' && this.#waiting === null
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#fail(error)
    }
  }

  #late(which: 'idle' | 'total'): void {
    const { idleMs, totalMs } = this.#call.timeouts
    const what = which === 'idle' ? `sent nothing for ${idleMs}` : `did not end within ${totalMs}`
    this.#fail(this.#refused ?? new AgentFailure('agent_timeout', `The agent app ${what} ms.`, { retryable: true }))
  }

  #end(end: CallEnd): void {
    this.#leave(() => this.#settle.resolve(end))
  }

  /** All is said: what is left is read so that the connection can be used again; one that goes on is given up. */
  #leave(settle: () => void): void {
    this.#stop()
    this.#state = 'rest'
    this.#restUntil = this.#record.bytes + REST_BYTES
    if (!this.#ended) this.#deadline = startDeadline(REST, () => this.#over())
    settle()
  }

  #fail(reason: unknown): void {
    if (this.#state === 'over') return
    const told = this.#state === 'rest'
    this.#over()
    if (!told) this.#settle.reject(reason)
  }

  #over(): void {
    this.#stop()
    this.#state = 'over'
    this.#hangUp()
  }

  #stop(): void {
    this.#deadline.stop()
    this.#call.signal.removeEventListener('abort', this.#onAbort)
  }

  #hangUp(): void {
    this.#controller?.abort(new Error('the call is over'))
  }
}
