import type { Run, ToolCall } from '@agentview/contracts'
import { ClientError, toClientError } from '../clientError.ts'
import type { Locks } from '../platform.ts'
import type { KeyValueStorage } from '../storage/keyValueStorage.ts'
import { type Stored, stored } from '../storage/stored.ts'
import { backoff, sleep } from '../timing.ts'
import { type CallAnswer, isCallAnswer, resumeWith } from './callAnswer.ts'
import { inOneTab } from './callLock.ts'
import { failed, runTool } from './runTool.ts'
import { type ToolHandlers, definitionOf, wantsApproval } from './toolHandlers.ts'

/**
 * How far a call is: it `waits` for somebody (there is no handler), for `approval`, is `running`, is done by another tab
 * (`elsewhere`), its answer is `sending`, `answered`, or was refused (`failed`).
 */
export type CallStatus = 'waits' | 'approval' | 'running' | 'elsewhere' | 'sending' | 'answered' | 'failed'

/** A call that a paused run waits for, and what this client does about it. */
export interface PendingCall extends ToolCall {
  readonly status: CallStatus
  readonly error?: ClientError
}

export interface ToolRunnerParts {
  /** Sends the answer; that it was answered otherwise before is no error. Throws ClientError. */
  resume(runId: string, body: ReturnType<typeof resumeWith>): Promise<unknown>
  locks: Locks | null
  /** Where answers are kept until the run goes on, for a reload and for other tabs. */
  storage: KeyValueStorage
  /** Something of the calls is different. */
  changed(): void
}

interface Pause {
  readonly run: Run
  readonly pauseId: string
  readonly over: AbortController
  calls: readonly PendingCall[]
  readonly kept: Map<string, Stored<CallAnswer>>
}

// look: a run is paused ─▶ each of its calls:
//   answered before, by a reload or another tab ─▶ send that again
//   handler without approval ─▶ run in one tab ─▶ keep the answer ─▶ send it, until it is taken
//   handler with approval, or none ─▶ wait for approve / reject / continueRun
// the run is no longer paused ─▶ what runs is aborted, what was kept is forgotten

/** Answers the calls of paused runs with the front end's tools. */
export class ToolRunner {
  readonly #parts: ToolRunnerParts
  #handlers: ToolHandlers
  #pauses: readonly Pause[] = []

  constructor(parts: ToolRunnerParts, handlers: ToolHandlers) {
    this.#parts = parts
    this.#handlers = handlers
  }

  /** Other handlers; calls that had to wait for one are taken up. */
  setHandlers(handlers: ToolHandlers): void {
    this.#handlers = handlers
    for (const pause of this.#pauses) {
      for (const call of pause.calls) if (call.status === 'waits') void this.#begin(pause, call)
    }
  }

  /** The calls of a run's pause. */
  callsOf(run: Run): readonly PendingCall[] {
    return this.#pauses.find(({ pauseId }) => pauseId === run.pause?.pauseId)?.calls ?? []
  }

  /** The runs as they are now. */
  look(runs: readonly Run[]): void {
    const live = runs.filter((run) => run.status === 'paused' && run.pause)
    const gone = this.#pauses.filter(({ pauseId }) => !live.some((run) => run.pause?.pauseId === pauseId))
    const fresh = live.filter((run) => !this.#pauses.some(({ pauseId }) => pauseId === run.pause?.pauseId)).map(pauseOf)
    if (gone.length === 0 && fresh.length === 0) return
    this.#pauses = [...this.#pauses.filter((pause) => !gone.includes(pause)), ...fresh]
    for (const pause of gone) this.#end(pause)
    for (const pause of fresh) for (const call of pause.calls) void this.#begin(pause, call)
  }

  /** Lets go of all of them: the session is left. What was kept stays. */
  leave(): void {
    for (const { over } of this.#pauses) over.abort()
    this.#pauses = []
  }

  /** A person allows a call: its handler runs; without one the agent is told that it is allowed. Again changes nothing. */
  async approve(callId: string): Promise<void> {
    const { pause, call } = this.#find(callId)
    if (!isOpen(call)) return
    const definition = definitionOf(this.#handlers, call.name)
    if (definition) await this.#run(pause, call)
    else await this.#deliver(pause, { callId, approved: true })
  }

  /** A person forbids a call: the agent is told so. */
  async reject(callId: string, reason?: string): Promise<void> {
    const { pause, call } = this.#find(callId)
    if (isOpen(call)) await this.#deliver(pause, { callId, approved: false, ...(reason !== undefined && { reason }) })
  }

  #find(callId: string): { pause: Pause; call: PendingCall } {
    for (const pause of this.#pauses) {
      const call = pause.calls.find((one) => one.callId === callId)
      if (call) return { pause, call }
    }
    throw new ClientError('invalid_use', `No run waits for a call "${callId}".`)
  }

  async #begin(pause: Pause, call: PendingCall): Promise<void> {
    const kept = await this.#keptOf(pause, call.callId).read()
    if (kept) return this.#deliver(pause, kept)
    const definition = definitionOf(this.#handlers, call.name)
    if (!definition || this.#statusOf(pause, call.callId) !== 'waits') return
    if (wantsApproval(definition, call.arguments)) this.#set(pause, call.callId, 'approval')
    else await this.#run(pause, call)
  }

  #run(pause: Pause, { callId }: PendingCall): Promise<void> {
    const elsewhere = () => this.#set(pause, callId, 'elsewhere')
    const name = `agentview.call.${pause.pauseId}.${callId}`
    return inOneTab(this.#parts.locks, name, pause.over.signal, elsewhere, () => this.#answer(pause, callId))
  }

  async #answer(pause: Pause, callId: string): Promise<void> {
    const call = pause.calls.find((one) => one.callId === callId)
    const definition = call && definitionOf(this.#handlers, call.name)
    if (!definition || pause.over.signal.aborted) return
    // The tab that had the lock before may have got so far.
    const kept = await this.#keptOf(pause, callId).read()
    if (kept) return this.#deliver(pause, kept)
    // It may have been begun twice: by a handler that came late, by a second click.
    if (this.#statusOf(pause, callId) === 'running') return
    this.#set(pause, callId, 'running')
    const { id: runId, sessionId } = pause.run
    const { name, arguments: args } = call
    const result = await runTool(definition, { callId, name, arguments: args }, { runId, sessionId }, pause.over.signal)
    if (result) await this.#deliver(pause, result)
  }

  /** Sends an answer until it is taken or nobody waits for it. */
  async #deliver(pause: Pause, answer: CallAnswer): Promise<void> {
    const { callId } = answer
    const { signal } = pause.over
    await this.#keptOf(pause, callId).write(answer)
    this.#set(pause, callId, 'sending')
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await this.#parts.resume(pause.run.id, resumeWith(pause.pauseId, answer))
        return this.#set(pause, callId, 'answered')
      } catch (thrown) {
        const error = toClientError(thrown)
        if (!error.isTemporary) return this.#refused(pause, answer, error)
        await sleep(error.retryAfterMs ?? backoff(failures), signal)
      }
    }
  }

  /** A result that the server will not have (too large): the agent hears that instead. */
  async #refused(pause: Pause, answer: CallAnswer, error: ClientError): Promise<void> {
    await this.#keptOf(pause, answer.callId).write(null)
    if ('output' in answer && answer.isError !== true)
      return this.#deliver(pause, failed(answer.callId, `The result was refused: ${error.message}`))
    this.#set(pause, answer.callId, 'failed', error)
  }

  #end(pause: Pause): void {
    pause.over.abort()
    for (const { callId } of pause.calls) void this.#keptOf(pause, callId).write(null)
  }

  #statusOf(pause: Pause, callId: string): CallStatus | undefined {
    return pause.calls.find((call) => call.callId === callId)?.status
  }

  #keptOf(pause: Pause, callId: string): Stored<CallAnswer> {
    const known = pause.kept.get(callId)
    if (known) return known
    const kept = stored(this.#parts.storage, `agentview.answer.${pause.pauseId}.${callId}`, isCallAnswer)
    pause.kept.set(callId, kept)
    return kept
  }

  #set(pause: Pause, callId: string, status: CallStatus, error?: ClientError): void {
    pause.calls = pause.calls.map((call) => {
      const { error: _before, ...rest } = call
      return call.callId === callId ? { ...rest, status, ...(error && { error }) } : call
    })
    if (!pause.over.signal.aborted) this.#parts.changed()
  }
}

/** Nobody has done anything about it yet. */
function isOpen({ status }: PendingCall): boolean {
  return status === 'waits' || status === 'approval'
}

function pauseOf(run: Run): Pause {
  const calls = (run.pause?.toolCalls ?? []).map((call) => ({ ...call, status: 'waits' as const }))
  return { run, pauseId: run.pause?.pauseId ?? '', over: new AbortController(), calls, kept: new Map() }
}
