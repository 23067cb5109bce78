import type { EventData, EventType, SessionEvent } from '@shared/domain/events'
import { foldSession } from '@shared/domain/foldSession'
import type { Item, Run, Session } from '@shared/domain/objects'
import { type Script, answerOf, inputOf, stepOf, word } from '../faults/agent/script.ts'
import type { Entry } from '../faults/history/entries.ts'

const AT = '2030-01-01T00:00:00.000Z'
export const SESSION = 'ses_1'
export const SCRIPT: Script = { words: 3, everyMs: 1, steps: 1 }

/** An event, as it stands in the log of one session. */
export function event<T extends EventType>(
  seq: number,
  type: T,
  data: EventData[T],
  more: { runId?: string; attempt?: number } = {},
): SessionEvent {
  // Its type and data belong together, which TypeScript does not follow into the union.
  return { seq, type, sessionId: SESSION, at: AT, data, ...more } as SessionEvent
}

function session(lastSeq: number): Session {
  const names = { id: SESSION, handle: 'one', agent: 'scripted', endUserId: 'eu_1', space: 'production' as const }
  return { ...names, metadata: {}, state: null, version: '1.0.0', lastSeq, createdAt: AT, updatedAt: AT }
}

export function run(no: number, status: Run['status'], attempts: number): Run {
  const timing = { acceptedAt: AT, queuedAt: AT, claimedAt: AT }
  const each = Array.from({ length: attempts }, (_, i) => ({
    attempt: i + 1,
    leg: 0,
    outcome: 'running' as const,
    timing,
  }))
  const place = { id: `run_${no}`, sessionId: SESSION, runNo: no, type: 'chat', leg: 0, version: '1.0.0' }
  const ended = status === 'completed' ? { endedAt: AT } : {}
  return { ...place, status, metadata: {}, attempts: each, createdAt: AT, ...ended }
}

export function item(no: number, itemNo: number, kind: Item['kind'], status: Item['status'], data: Item['data']): Item {
  const id = `itm_${no}_${itemNo}`
  return { id, sessionId: SESSION, runId: `run_${no}`, runNo: no, itemNo, kind, status, data, createdAt: AT }
}

/** Two turns: in the first a worker is lost mid-stream, the second waits for the first. */
export function goodLog(): SessionEvent[] {
  const events: SessionEvent[] = [event(1, 'session.created', { session: session(1) })]
  const add = <T extends EventType>(type: T, data: EventData[T], no: number, attempt?: number) =>
    events.push(event(events.length + 1, type, data, { runId: `run_${no}`, ...(attempt !== undefined && { attempt }) }))
  for (const no of [1, 2]) {
    add('item.created', { item: item(no, 1, 'input', 'complete', inputOf(`c1-${no}`, SCRIPT)) }, no)
    add('run.queued', { run: run(no, 'queued', 0) }, no)
  }
  add('run.started', { run: run(1, 'running', 1) }, 1, 1)
  const lost = item(1, 2, 'output', 'streaming', { type: 'message', role: 'assistant', content: word('c1-1', 0) })
  add('item.created', { item: lost }, 1, 1)
  add('run.retrying', { runId: 'run_1', nextAt: AT, error: { code: 'worker_lost', message: 'lost' } }, 1, 1)
  add('run.attempt', { run: run(1, 'running', 2), supersededItemIds: [lost.id] }, 1, 2)
  answer(add, 1, 2)
  add('run.started', { run: run(2, 'running', 1) }, 2, 1)
  answer(add, 2, 1)
  return events
}

type Add = <T extends EventType>(type: T, data: EventData[T], no: number, attempt?: number) => void

/** A step, the output word by word, and the end. */
function answer(add: Add, no: number, attempt: number): void {
  const content = `c1-${no}`
  add('item.created', { item: item(no, 3, 'step', 'complete', stepOf(content, 0)) }, no, attempt)
  const output = item(no, 4, 'output', 'streaming', { type: 'message', role: 'assistant', content: '' })
  add('item.created', { item: output }, no, attempt)
  for (let index = 0; index < SCRIPT.words; index++) {
    const patch = [{ op: 'append' as const, path: '/content', value: word(content, index) }]
    add('item.delta', { itemId: output.id, patch }, no, attempt)
  }
  const whole = answerOf([{ content, script: SCRIPT }]).at(-1)
  add('item.completed', { item: { ...output, status: 'complete', data: whole ?? {} } }, no, attempt)
  add('run.completed', { run: run(no, 'completed', attempt) }, no, attempt)
}

/** What clients recorded when all went well. `change` spoils the log for the reader alone, or for all. */
export function history(
  changed: {
    /** What the reader got. */
    read?: (log: SessionEvent[]) => SessionEvent[]
    /** What the log holds, for the reader and at the end. */
    log?: (log: SessionEvent[]) => SessionEvent[]
    more?: Entry[]
  } = {},
): Entry[] {
  const log = (changed.log ?? ((same) => same))(goodLog())
  const read = (changed.read ?? ((same) => same))(log)
  const view = foldSession(log)
  const lastRun = view.runs.at(-1)
  const stored = { ...session(log.length), items: [...view.items], ...(lastRun && { lastRun }) }
  const told = [1, 2].flatMap((no): Entry[] => {
    const key = `key-c1-${no}`
    const seq = no * 2 + 1
    return [
      { at: 0, kind: 'sent', key, sessionId: SESSION, content: `c1-${no}`, script: SCRIPT },
      { at: 1, kind: 'tried', key, status: 202, why: '' },
      { at: 1, kind: 'acknowledged', key, status: 202, runId: `run_${no}`, itemId: `itm_${no}_1`, seq },
    ]
  })
  return [
    { at: 0, kind: 'session', sessionId: SESSION },
    { at: 0, kind: 'connecting', reader: 'r1', sessionId: SESSION, url: 'http://realtime-1', after: 0 },
    ...told,
    ...read.map((one): Entry => ({ at: 2, kind: 'event', reader: 'r1', event: one })),
    ...(changed.more ?? []),
    { at: 9, kind: 'final', sessionId: SESSION, events: log, session: stored, runs: [...view.runs] },
  ]
}

/** Puts events after the one at `at` (by its seq) and numbers all anew. */
export function inserted(log: SessionEvent[], at: number, ...more: SessionEvent[]): SessionEvent[] {
  return [...log.slice(0, at), ...more, ...log.slice(at)].map((one, index) => ({ ...one, seq: index + 1 }))
}

/** Takes away the events of these types of a run and numbers the others anew. */
export function without(log: SessionEvent[], runId: string, ...types: EventType[]): SessionEvent[] {
  const kept = log.filter((one) => !(one.runId === runId && types.includes(one.type)))
  return kept.map((one, index) => ({ ...one, seq: index + 1 }))
}
