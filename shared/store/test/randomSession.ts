import { newId } from '@shared/domain/ids'
import { isEnded } from '@shared/domain/runStates'
import type { Item } from '@shared/domain/objects'
import fc from 'fast-check'
import { forceEndRun } from '../forceEndRun.ts'
import type { ClaimedRun } from '../claimRuns.ts'
import { listRuns } from '../sessions.ts'
import type { NewEvent } from '../storeEvents.ts'
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

const STEPS = [
  'say',
  'claim',
  'open',
  'whole',
  'grow',
  'grow',
  'close',
  'finish',
  'fail',
  'retry',
  'lapse',
  'cancel',
] as const

export interface Step {
  step: (typeof STEPS)[number]
  pick: number
}

export const steps = (length: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ step: fc.constantFrom(...STEPS), pick: fc.nat(99) }), { minLength: length, maxLength: length })

/** One session that goes through real transitions; a step that makes no sense where it stands does nothing. */
export class RandomSession {
  private claimed: ClaimedRun | null = null
  /** Items of the attempt under way, as its worker knows them. */
  private made: Item[] = []
  private readonly engine: TestEngine
  readonly sessionId: string

  constructor(engine: TestEngine, sessionId: string) {
    this.engine = engine
    this.sessionId = sessionId
  }

  async take({ step, pick }: Step): Promise<void> {
    const { db } = this.engine
    if (step === 'say') return void (await this.engine.say(this.sessionId, { input: { content: `message ${pick}` } }))
    if (step === 'claim') return this.claim()
    if (step === 'cancel') return this.cancel(pick)
    if (!this.claimed) return
    switch (step) {
      case 'open':
        return this.write(created(this.make('streaming', pick)))
      case 'whole':
        return this.write(created(this.make('complete', pick)))
      case 'grow':
        return this.grow(pick)
      case 'close':
        return this.close(pick)
      case 'finish':
        return this.end('completed', pick)
      case 'fail':
        return this.end('failed', pick)
      case 'retry':
        await requeue(db, holdOf(this.claimed), 'failed', pick % 2 === 0 ? 0 : 60_000)
        this.claimed = null
        return
      case 'lapse':
        await requeue(db, holdOf(this.claimed), 'lapsed')
        this.claimed = null
    }
  }

  private async claim(): Promise<void> {
    // A backoff that is over: tests don't wait.
    const due = 'update runs set due_at = clock_timestamp() where session_id = $1 and is_next'
    await this.engine.rows(due, bare(this.sessionId))
    const runs = await listRuns(this.engine.db, this.sessionId, null, { limit: 200, order: 'asc' })
    const claims = await this.engine.claim(await this.engine.newWorker(), 1, runs.map((run) => run.id)) // prettier-ignore
    const mine = claims.find((claimed) => claimed.session.id === this.sessionId)
    if (!mine) return
    this.claimed = mine
    this.made = []
  }

  private make(status: Item['status'], pick: number): Item {
    const item = itemOf(this.claimed!, this.made.length + 1, status, 'step', `item ${pick} `)
    this.made.push(item)
    return item
  }

  private async grow(pick: number): Promise<void> {
    const open = this.made.filter((item) => item.status === 'streaming')
    const item = open[pick % open.length]
    if (!item) return
    const text = `${'ab\n'.repeat(pick % 4)}é`
    this.made[this.made.indexOf(item)] = { ...item, data: { content: `${textOf(item)}${text}` } }
    await this.write(grown(item, text))
  }

  private async close(pick: number): Promise<void> {
    const open = this.made.filter((item) => item.status === 'streaming')
    if (open.length > 0) await this.write(this.settle(open[pick % open.length]!, 'complete'))
  }

  private settle(item: Item, status: 'complete' | 'incomplete', kind = item.kind): NewEvent {
    const settled: Item = { ...item, status, kind }
    this.made[this.made.indexOf(item)] = settled
    return completed(settled)
  }

  private async end(status: 'completed' | 'failed', pick: number): Promise<void> {
    const claimed = this.claimed!
    const events = this.made
      .filter((item) => item.status === 'streaming')
      .map((item) => this.settle(item, status === 'completed' ? 'complete' : 'incomplete'))
    const last = this.made.at(-1)
    if (status === 'completed' && last) events.push(this.settle(last, 'complete', 'output'))
    const state = pick % 3 === 0 ? { state: { turn: pick } } : {}
    const metadata = pick % 5 === 0 ? { metadata: { [newId('request').slice(-3)]: pick } } : {}
    const made = { items: this.made, events, ...state, ...metadata }
    const error = status === 'failed' ? { error: ERROR } : {}
    await finish(this.engine.db, claimed, { status, ...made, ...error, attempt: { outcome: status, ...error } })
    this.claimed = null
  }

  private async cancel(pick: number): Promise<void> {
    const runs = await listRuns(this.engine.db, this.sessionId, null, { limit: 200, order: 'asc' })
    const live = runs.filter((run) => !isEnded(run.status))
    const run = live[pick % live.length]
    if (!run) return
    await forceEndRun(this.engine.db, { sessionId: this.sessionId, runId: run.id, status: 'cancelled' })
    if (this.claimed?.run.id === run.id) this.claimed = null
  }

  private async write(...events: NewEvent[]): Promise<void> {
    const written = await append(this.engine.db, holdOf(this.claimed!), ...events)
    if (written.length !== events.length) throw new Error('the worker of this session was fenced')
  }
}
