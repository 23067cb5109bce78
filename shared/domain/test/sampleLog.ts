import fc from 'fast-check'
import type { EventData, EventType, SessionEvent } from '../events.ts'
import { idOf } from '../ids.ts'
import type { Item, Run, Session } from '../objects.ts'

/** Made-up logs of one session, as the engine writes them: turns in order, retries that supersede, deltas, cuts. */

const AT = '2026-01-01T00:00:00.000Z'

/** An id that is the same every time, so that a failing example can be read. */
export function idNumber(kind: 'session' | 'endUser' | 'run' | 'item', number: number): string {
  return idOf(kind, `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`)
}

export const SESSION: Session = {
  id: idNumber('session', 1),
  handle: 'handle00',
  agent: 'eliza',
  endUserId: idNumber('endUser', 1),
  space: 'production',
  metadata: {},
  state: null,
  version: '1.0.0',
  lastSeq: 1,
  createdAt: AT,
  updatedAt: AT,
}

export function sampleRun(runNo: number, more: Partial<Run> = {}): Run {
  const id = idNumber('run', runNo)
  const base = { id, sessionId: SESSION.id, runNo, type: 'chat', status: 'queued' as const, leg: 0, version: '1.0.0' }
  return { ...base, metadata: {}, attempts: [], createdAt: AT, ...more }
}

export function sampleItem(number: number, runNo: number, itemNo: number, more: Partial<Item> = {}): Item {
  const place = { id: idNumber('item', number), sessionId: SESSION.id, runId: idNumber('run', runNo), runNo, itemNo }
  return { ...place, kind: 'step', status: 'complete', data: { content: '' }, createdAt: AT, ...more }
}

/** Numbers events from 1 on. */
export class LogWriter {
  readonly events: SessionEvent[] = []

  write<Type extends EventType>(type: Type, data: EventData[Type], runNo?: number): this {
    const runId = runNo === undefined ? {} : { runId: idNumber('run', runNo) }
    const event = { seq: this.events.length + 1, type, sessionId: SESSION.id, ...runId, at: AT, data }
    this.events.push(event as SessionEvent)
    return this
  }
}

const STEPS = [
  'say',
  'claim',
  'open',
  'grow',
  'grow',
  'close',
  'retry',
  'finish',
  'cancel',
  'state',
  'hide',
  'custom',
  'new',
] as const

/** Logs of every length; each step that makes no sense where it stands writes nothing. */
export const logs: fc.Arbitrary<SessionEvent[]> = fc
  .array(fc.record({ step: fc.constantFrom(...STEPS), pick: fc.nat(99) }), { maxLength: 80, size: 'max' })
  .map((steps) => {
    const session = new SampleSession()
    for (const { step, pick } of steps) session.take(step, pick)
    return session.log.events
  })

/** Just enough of the engine to write logs that it could have written. */
class SampleSession {
  readonly log = new LogWriter().write('session.created', { session: SESSION })
  private runs: Run[] = []
  /** Items of the attempt under way. */
  private made: Item[] = []
  private items = 0

  take(step: (typeof STEPS)[number], pick: number): void {
    const run = this.runs.find((candidate) => candidate.status === 'running' || candidate.status === 'queued')
    const running = run?.status === 'running' ? run : undefined
    const open = this.made.filter((item) => item.status === 'streaming')
    const item = open[pick % open.length]
    switch (step) {
      case 'say':
        return this.say()
      case 'claim':
        if (run?.status === 'queued') this.claim(run)
        return
      case 'open':
        if (running) this.open(running)
        return
      case 'grow':
        if (item)
          this.log.write(
            'item.delta',
            { itemId: item.id, patch: [{ op: 'append', path: '/content', value: 'ab' }] },
            item.runNo,
          )
        return
      case 'close':
        if (item) this.close(item, 'complete')
        return
      case 'retry':
        if (running) this.retry(running)
        return
      case 'finish':
        if (running) this.end(running, 'completed')
        return
      case 'cancel':
        if (run) this.end(run, 'cancelled')
        return
      case 'state':
        return void this.log.write('state.updated', { state: { pick } })
      case 'hide':
        return void this.log.write('items.hidden', { itemIds: [idNumber('item', pick + 1)], reason: 'test' })
      case 'custom':
        return void this.log.write('custom', { name: 'note', data: pick })
      case 'new':
        // A type that only a later version knows.
        return void this.log.write('weather.changed' as 'custom', { name: 'sun', data: pick })
    }
  }

  private say(): void {
    const run = sampleRun(this.runs.length + 1)
    this.runs.push(run)
    const item = sampleItem(++this.items, run.runNo, 0, { kind: 'input', data: { content: 'hello' } })
    this.log.write('item.created', { item }, run.runNo).write('run.queued', { run }, run.runNo)
  }

  private claim(run: Run): void {
    const supersededItemIds = this.made.map((item) => item.id)
    const again = run.leg > 0
    const running = this.change(run, { status: 'running' })
    this.made = []
    if (again) this.log.write('run.attempt', { run: running, supersededItemIds }, run.runNo)
    else this.log.write('run.started', { run: running }, run.runNo)
  }

  private open(run: Run): void {
    const item = sampleItem(++this.items, run.runNo, this.made.length + 1, { status: 'streaming' })
    this.made.push(item)
    this.log.write('item.created', { item }, run.runNo)
  }

  private close(item: Item, status: 'complete' | 'incomplete'): void {
    const closed: Item = { ...item, status, data: { content: `closed ${this.log.events.length}` } }
    this.made[this.made.indexOf(item)] = closed
    this.log.write('item.completed', { item: closed }, item.runNo)
  }

  private retry(run: Run): void {
    // `leg` only marks here that the next claim is another attempt.
    this.change(run, { status: 'queued', leg: 1 })
    this.log.write('run.retrying', { runId: run.id, nextAt: AT, error: { code: 'x', message: 'once more' } }, run.runNo)
  }

  private end(run: Run, status: 'completed' | 'cancelled'): void {
    for (const item of this.made.filter((made) => made.status === 'streaming')) this.close(item, 'incomplete')
    const ended = this.change(run, { status, endedAt: AT })
    this.log.write(`run.${status}`, { run: ended }, run.runNo)
    this.made = []
  }

  private change(run: Run, change: Partial<Run>): Run {
    const changed = { ...run, ...change }
    this.runs[run.runNo - 1] = changed
    return changed
  }
}
