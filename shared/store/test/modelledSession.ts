import type { OnBusy } from '@shared/domain/agents'
import type { Item } from '@shared/domain/objects'
import { type ClaimedRun, claimQuarantined } from '../claimRuns.ts'
import { deleteSessions } from '../deleteSessions.ts'
import { type PushedEnd, beginExternalRun, endExternalRun, pushToRun } from '../externalRuns.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { resumeRun } from '../resumeRun.ts'
import { retryRun } from '../retryRun.ts'
import type { NewEvent } from '../storeEvents.ts'
import { expire, handOver, pause, targetOf } from './legs.ts'
import { readInputs } from '../runs.ts'
import {
  ERROR,
  type TestEngine,
  append,
  bare,
  completed,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  requeue,
  textOf,
} from './testEngine.ts'

/** A worker's claim, and the items of its attempt as it knows them. */
export interface RealHold {
  claimed: ClaimedRun
  made: Item[]
}

type Workers = Record<'ordinary' | 'quarantine', string>

/** The verbs of SessionModel on a real session: each calls the engine and says what it answered. */
export class ModelledSession {
  /** In the order in which they were made. */
  readonly runs: string[] = []
  readonly holds: RealHold[] = []
  readonly engine: TestEngine
  readonly sessionId: string
  private readonly workers: Workers
  private readonly version: { agentVersionId: string; version: string }

  constructor(engine: TestEngine, sessionId: string, workers: Workers) {
    this.engine = engine
    this.sessionId = sessionId
    this.workers = workers
    const { agentVersionId, version } = engine.message(sessionId)
    this.version = { agentVersionId, version }
  }

  async say(onBusy: OnBusy, text: string): Promise<string> {
    const message = this.engine.message(this.sessionId, { onBusy, input: { content: text } })
    const said = await this.engine.accept(message)
    if (said.outcome !== 'accepted') return said.outcome
    if (said.runId !== message.runId) return 'joined'
    this.runs.push(said.runId)
    return 'accepted'
  }

  async claim(line: 'ordinary' | 'quarantine'): Promise<string> {
    const { engine, workers } = this
    const claims =
      line === 'ordinary'
        ? await engine.claim(workers.ordinary, 1, this.runs)
        : await claimQuarantined(engine.db, workers.quarantine)
    for (const claimed of claims) this.holds.push({ claimed, made: [] })
    return claims.length > 0 ? 'claimed' : 'nothing'
  }

  async write({ claimed, made }: RealHold, text: string, status: 'streaming' | 'complete'): Promise<string> {
    const item = itemOf(claimed, claimed.run.nextItemNo - 1 + made.length + 1, status, 'step', text)
    const answer = await this.append(claimed, created(item))
    if (answer === 'appended') made.push(item)
    return answer
  }

  async grow({ claimed, made }: RealHold, text: string, more: string): Promise<string> {
    const at = made.findIndex((item) => textOf(item) === text)
    const item = made[at]!
    const answer = await this.append(claimed, grown(item, more))
    if (answer === 'appended') made[at] = { ...item, data: { content: text + more } }
    return answer
  }

  private async append(claimed: ClaimedRun, event: NewEvent): Promise<string> {
    return (await append(this.engine.db, holdOf(claimed), event)).length > 0 ? 'appended' : 'fenced'
  }

  async end({ claimed, made }: RealHold, status: 'completed' | 'failed', state: number | null): Promise<string> {
    const { items, events } = settle(made, status === 'completed' ? 'complete' : 'incomplete')
    const output = items.at(-1)
    if (status === 'completed' && output) {
      items[items.length - 1] = { ...output, kind: 'output' }
      events.push(completed(items.at(-1)!))
    }
    const error = status === 'failed' ? { error: ERROR } : {}
    const end = { status, items, events, ...error, ...(state !== null && { state }), attempt: { outcome: status } }
    return (await finish(this.engine.db, claimed, end)).outcome
  }

  async requeue({ claimed }: RealHold, reason: 'failed' | 'lapsed' | 'drained', due: boolean): Promise<string> {
    return (await requeue(this.engine.db, holdOf(claimed), reason, due ? 0 : 3_600_000)) ? 'requeued' : 'fenced'
  }

  async loseThirdWorker({ claimed }: RealHold): Promise<string> {
    const { sessionId, runId, epoch } = holdOf(claimed)
    return (await forceEndRun(this.engine.db, { sessionId, runId, epoch, status: 'failed', error: ERROR })).outcome
  }

  async pause({ claimed, made }: RealHold, id: string, state: number | null): Promise<string> {
    const leg = { ...settle(made, 'complete'), ...(state !== null && { state }) }
    return (await pause(this.engine, holdOf(claimed), id, leg)) ? 'paused' : 'fenced'
  }

  async resume(runId: string, pauseId: string, answers: Record<string, string>): Promise<string> {
    const results = Object.fromEntries(Object.entries(answers).map(([call, output]) => [call, { output }]))
    return (await resumeRun(this.engine.db, { sessionId: this.sessionId, runId, pauseId, results })).outcome
  }

  async handOver({ claimed }: RealHold): Promise<string> {
    return (await handOver(this.engine, holdOf(claimed))) ? 'handed_over' : 'fenced'
  }

  async begin(input: string | null, text: string, state: number | null, end: PushedEnd | null): Promise<string> {
    const { organizationId, db } = this.engine
    const begun = await beginExternalRun(db, {
      organizationId,
      sessionId: this.sessionId,
      runType: 'chat',
      input: input === null ? null : { content: input },
      runMetadata: {},
      ...this.version,
      idleMs: 60_000,
      items: [{ content: text }],
      ...(state !== null && { state }),
      end,
    })
    if (begun.outcome === 'accepted') this.runs.push(begun.runId)
    return begun.outcome
  }

  async push(runId: string, epoch: number | null, text: string | null, state: number | null): Promise<string> {
    const said = { items: text === null ? [] : [{ content: text }], ...(state !== null && { state }) }
    return (await pushToRun(this.engine.db, this.target(runId, epoch), said, 60_000)).outcome
  }

  async endExternal(runId: string, epoch: number | null, text: string | null, end: PushedEnd): Promise<string> {
    const said = { items: text === null ? [] : [{ content: text }] }
    return (await endExternalRun(this.engine.db, this.target(runId, epoch), said, end, () => undefined)).outcome
  }

  private target(runId: string, epoch: number | null) {
    return targetOf(this.engine, { sessionId: this.sessionId, runId }, epoch)
  }

  async cancel(runId: string): Promise<string> {
    const { db } = this.engine
    return (await forceEndRun(db, { sessionId: this.sessionId, runId, status: 'cancelled', error: ERROR })).outcome
  }

  async expire(runId: string, waitsFor: 'end' | 'resume' | 'push'): Promise<string> {
    return expire(this.engine, { sessionId: this.sessionId, runId }, waitsFor)
  }

  async deleteSession(): Promise<string> {
    const { organizationId, db } = this.engine
    const { runIds } = await deleteSessions(db, organizationId, [this.sessionId])
    return `deleted with ${runIds.length} that lived`
  }

  async retryByPerson(runId: string): Promise<string> {
    const { organizationId, db } = this.engine
    const retry = { organizationId, sessionId: this.sessionId, runId, runType: 'chat', metadata: {}, ...this.version }
    const retried = await retryRun(db, { ...retry, inputs: await readInputs(db, runId), onBusy: 'enqueue' })
    if (retried.outcome === 'accepted') this.runs.push(retried.runId)
    return retried.outcome
  }

  /** Backoffs are over: tests don't wait. */
  async passTime(): Promise<string> {
    const due = `update runs set due_at = clock_timestamp() where session_id = $1 and status = 'queued'`
    await this.engine.rows(due, bare(this.sessionId))
    return 'later'
  }
}

/** An attempt's items with the open ones closed, and the events that say so. */
function settle(made: readonly Item[], status: 'complete' | 'incomplete'): { items: Item[]; events: NewEvent[] } {
  const items = made.map((item): Item => (item.status === 'streaming' ? { ...item, status } : item))
  return { items, events: items.filter((item, index) => item !== made[index]).map(completed) }
}
