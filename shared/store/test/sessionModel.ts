import type { OnBusy } from '@shared/domain/agents'
import type { Item, RunStatus } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'

/** What ENGINE's protocol says of one session, as plainly as it can be said. Each verb answers what the engine must. */

export interface ModelItem {
  text: string
  kind: Item['kind']
  status: Item['status']
  leg: number
}

export interface ModelRun {
  status: RunStatus
  epoch: number
  attempt: number
  leg: number
  failures: number
  lapses: number
  owner: 'worker' | 'external'
  due: boolean
  inputs: string[]
  /** What is shown of it, in order, with its inputs. */
  items: ModelItem[]
  pauses: { id: string; answers: Record<string, string> }[]
  isRetry: boolean
  /** State that its agent app has pushed. */
  pending: number | null
}

/** A claim, which may have been fenced since. */
export interface ModelHold {
  run: ModelRun
  epoch: number
}

export class SessionModel {
  readonly runs: ModelRun[] = []
  readonly holds: ModelHold[] = []
  state: number | null = null
  /** Deleted: nothing happens to it any more. */
  gone = false

  get live(): ModelRun[] {
    return this.runs.filter((run) => !isEnded(run.status))
  }

  private get held(): ModelRun | undefined {
    return this.live.find((run) => run.status !== 'queued' || run.epoch > 0)
  }

  say(onBusy: OnBusy, text: string): string {
    const { live } = this
    const last = this.runs.at(-1)
    if (live.length > 0 && onBusy === 'reject') return 'busy'
    if (live.length > 0 && onBusy === 'merge' && last?.status === 'queued' && last.epoch === 0 && !last.isRetry) {
      last.inputs.push(text)
      last.items.push(inputOf(text))
      last.due = true
      return 'joined'
    }
    if (onBusy === 'interrupt' || onBusy === 'rollback') {
      for (const run of live) {
        this.force(run, 'cancelled')
        if (onBusy === 'rollback') run.items = []
      }
    }
    this.add([text])
    return 'accepted'
  }

  private add(inputs: string[], more: Partial<ModelRun> = {}): ModelRun {
    const counters = { epoch: 0, attempt: 0, leg: 0, failures: 0, lapses: 0 }
    const nothing = { pauses: [], isRetry: false, pending: null }
    const items = inputs.map(inputOf)
    this.runs.push({ status: 'queued', ...counters, owner: 'worker', due: true, inputs, items, ...nothing, ...more })
    return this.runs.at(-1)!
  }

  claim(line: 'ordinary' | 'quarantine'): string {
    const run = this.live[0]
    if (run?.status !== 'queued' || !run.due || run.lapses >= 2 !== (line === 'quarantine')) return 'nothing'
    run.status = 'running'
    run.epoch++
    run.attempt++
    run.items = run.items.filter((item) => item.kind === 'input' || item.leg < run.leg)
    this.holds.push({ run, epoch: run.epoch })
    return 'claimed'
  }

  private stands({ run, epoch }: ModelHold): boolean {
    return this.held === run && run.epoch === epoch
  }

  write(hold: ModelHold, text: string, status: 'streaming' | 'complete'): string {
    if (!this.stands(hold)) return 'fenced'
    hold.run.items.push({ text, kind: 'step', status, leg: hold.run.leg })
    return 'appended'
  }

  /** Of an open item. */
  grow(hold: ModelHold, text: string, more: string): string {
    if (!this.stands(hold)) return 'fenced'
    hold.run.items.find((item) => item.text === text)!.text += more
    return 'appended'
  }

  end(hold: ModelHold, status: 'completed' | 'failed', state: number | null): string {
    const { run } = hold
    if (!this.stands(hold) || run.owner === 'external') return 'fenced'
    const made = run.items.filter((item) => item.kind !== 'input' && item.leg === run.leg)
    for (const item of made)
      if (item.status === 'streaming') item.status = status === 'completed' ? 'complete' : 'incomplete'
    const output = made.at(-1)
    if (status === 'completed' && output) output.kind = 'output'
    if (state !== null) this.state = state
    this.finish(run, status)
    return 'ended'
  }

  private finish(run: ModelRun, status: RunStatus): void {
    run.status = status
    if (status === 'failed') run.failures++
  }

  requeue(hold: ModelHold, reason: 'failed' | 'lapsed' | 'drained', due: boolean): string {
    const { run } = hold
    if (!this.stands(hold) || run.owner === 'external') return 'fenced'
    Object.assign(run, { status: 'queued', epoch: run.epoch + 1, due })
    if (reason === 'failed') run.failures++
    if (reason === 'lapsed') run.lapses++
    return 'requeued'
  }

  loseThirdWorker(hold: ModelHold): string {
    if (isEnded(hold.run.status)) return 'already_ended'
    if (!this.stands(hold) || hold.run.owner === 'external') return 'fenced'
    hold.run.lapses++
    this.force(hold.run, 'failed')
    return 'ended'
  }

  pause(hold: ModelHold, id: string, state: number | null): string {
    const { run } = hold
    if (!this.stands(hold) || run.owner === 'external') return 'fenced'
    for (const item of run.items) if (item.status === 'streaming') item.status = 'complete'
    if (state !== null) this.state = state
    run.pauses.push({ id, answers: {} })
    Object.assign(run, { status: 'paused', epoch: run.epoch + 1 })
    return 'paused'
  }

  resume(run: ModelRun, id: string, answers: Record<string, string>, calls: number): string {
    const pause = run.pauses.find((one) => one.id === id)
    if (!pause) return 'not_paused'
    const news = Object.entries(answers).filter(([call]) => !(call in pause.answers))
    if (Object.entries(answers).some(([call, said]) => (pause.answers[call] ?? said) !== said))
      return 'already_resolved'
    if (news.length === 0) return 'waiting'
    if (run.status !== 'paused' || pause !== run.pauses.at(-1)) return 'not_paused'
    Object.assign(pause.answers, answers)
    if (Object.keys(pause.answers).length < calls) return 'waiting'
    Object.assign(run, { status: 'queued', leg: run.leg + 1, failures: 0, due: true })
    return 'resumed'
  }

  handOver(hold: ModelHold): string {
    if (!this.stands(hold)) return 'fenced'
    hold.run.owner = 'external'
    return 'handed_over'
  }

  begin(input: string | null, text: string, state: number | null, end: 'completed' | 'failed' | null): string {
    if (this.live.length > 0) return 'busy'
    const run = this.add(input === null ? [] : [input], { status: 'running', owner: 'external', epoch: 1, attempt: 1 })
    run.pending = state
    run.items.push({ text, kind: 'step', status: 'complete', leg: 0 })
    if (end) this.endPushed(run, end)
    return 'accepted'
  }

  push(run: ModelRun, epoch: number | null, text: string | null, state: number | null): string {
    if (this.held !== run || (epoch ?? run.epoch) !== run.epoch || run.status !== 'running') return 'run_ended'
    if (run.owner !== 'external') return 'not_external'
    if (text !== null) run.items.push({ text, kind: 'step', status: 'complete', leg: run.leg })
    if (state !== null) run.pending = state
    return 'pushed'
  }

  endExternal(run: ModelRun, epoch: number | null, text: string | null, end: 'completed' | 'failed'): string {
    if ((epoch ?? run.epoch) !== run.epoch) return 'fenced'
    if (isEnded(run.status)) return 'already_ended'
    if (run.owner !== 'external') return 'not_external'
    const made = run.items.filter((item) => item.kind !== 'input').length + (text === null ? 0 : 1)
    if (end === 'completed' && made === 0) return 'no_output'
    if (text !== null) run.items.push({ text, kind: 'step', status: 'complete', leg: run.leg })
    this.endPushed(run, end)
    return 'ended'
  }

  private endPushed(run: ModelRun, end: 'completed' | 'failed'): void {
    if (end === 'completed') run.items.at(-1)!.kind = 'output'
    if (end === 'completed' && run.pending !== null) this.state = run.pending
    this.finish(run, end)
  }

  cancel(run: ModelRun): string {
    if (isEnded(run.status)) return 'already_ended'
    this.force(run, 'cancelled')
    return 'ended'
  }

  expire(run: ModelRun, waitsFor: 'end' | 'resume' | 'push'): string {
    const what = run.status === 'paused' ? 'resume' : run.owner === 'external' ? 'push' : 'end'
    if (run !== this.live[0] || what !== waitsFor) return 'not_overdue'
    this.force(run, 'failed')
    return 'ended'
  }

  private force(run: ModelRun, status: 'cancelled' | 'failed'): void {
    for (const item of run.items) if (item.status === 'streaming') item.status = 'incomplete'
    run.epoch++
    this.finish(run, status)
  }

  deleteSession(): string {
    const { live } = this
    for (const run of live) Object.assign(run, { status: 'cancelled', epoch: run.epoch + 1 })
    this.gone = true
    return `deleted with ${live.length} that lived`
  }

  retryByPerson(run: ModelRun): string {
    if (run !== this.runs.at(-1)) return 'not_last_run'
    if (!isEnded(run.status)) return 'busy'
    if (run.inputs.length === 0) return 'no_input'
    run.items = []
    this.add([...run.inputs], { isRetry: true })
    return 'accepted'
  }
}

const inputOf = (text: string): ModelItem => ({ text, kind: 'input', status: 'complete', leg: 0 })
