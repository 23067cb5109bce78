import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SessionEvent } from '../events.ts'
import { EMPTY_VIEW, type SessionView, applyEvent, foldSession } from '../foldSession.ts'
import { LogWriter, SESSION, idNumber, logs, sampleItem, sampleRun } from './sampleLog.ts'

const begun = () => new LogWriter().write('session.created', { session: SESSION })
const textsOf = (view: SessionView) => view.items.map((item) => item.data.content)

describe('foldSession', () => {
  test('items stand in conversation order, whatever the order of their events', () => {
    const places = [[2, 1], [1, 2], [2, 0], [1, 0], [1, 1]] as const // prettier-ignore
    const log = begun()
    for (const [i, [runNo, itemNo]] of places.entries())
      log.write('item.created', { item: sampleItem(i, runNo, itemNo) })
    const view = foldSession(log.events)
    expect(view.items.map((item) => [item.runNo, item.itemNo])).toEqual([[1, 0], [1, 1], [1, 2], [2, 0], [2, 1]]) // prettier-ignore
  })

  test('runs stand in the order of their numbers, each once, as it was last', () => {
    const log = begun()
      .write('run.queued', { run: sampleRun(2) })
      .write('run.queued', { run: sampleRun(1) })
    log.write('run.started', { run: sampleRun(2, { status: 'running' }) })
    expect(foldSession(log.events).runs.map((run) => [run.runNo, run.status])).toEqual([[1, 'queued'], [2, 'running']]) // prettier-ignore
  })

  test('an item is replaced by its later event and moves when its place has changed', () => {
    const log = begun()
      .write('item.created', { item: sampleItem(1, 1, 0) })
      .write('item.created', { item: sampleItem(2, 1, 1) })
    log.write('item.completed', { item: sampleItem(1, 1, 2, { kind: 'output', data: { content: 'moved' } }) })
    expect(textsOf(foldSession(log.events))).toEqual(['', 'moved'])
  })

  test('deltas grow a streaming item, and its completion replaces what they made', () => {
    const log = begun().write('item.created', { item: sampleItem(1, 1, 1, { status: 'streaming' }) })
    for (const value of ['Hel', 'lo']) {
      log.write('item.delta', { itemId: idNumber('item', 1), patch: [{ op: 'append', path: '/content', value }] })
    }
    const streaming = foldSession(log.events)
    expect(textsOf(streaming)).toEqual(['Hello'])
    log.write('item.completed', { item: sampleItem(1, 1, 1, { data: { content: 'Hello!' } }) })
    const complete = foldSession(log.events.slice(-1), streaming)
    expect(complete.items[0]).toMatchObject({ status: 'complete', data: { content: 'Hello!' } })
  })

  test.each([
    ['of an unknown item', 'append', 9, '/content'],
    ['that does not fit', 'append', 1, '/nowhere'],
    ['that would leave no object', 'replace', 1, ''],
    ['of an item that is complete', 'append', 2, '/content'],
  ] as const)('a delta %s only moves seq', (_what, op, item, path) => {
    const log = begun().write('item.created', { item: sampleItem(1, 1, 1, { status: 'streaming' }) })
    log.write('item.created', { item: sampleItem(2, 1, 2) })
    const before = foldSession(log.events)
    log.write('item.delta', { itemId: idNumber('item', item), patch: [{ op, path, value: 'x' }] })
    expect(foldSession(log.events.slice(-1), before)).toEqual({ ...before, seq: before.seq + 1 })
  })

  test('a new attempt takes away what the attempt before it had made', () => {
    const log = begun()
      .write('item.created', { item: sampleItem(1, 1, 0) })
      .write('item.created', { item: sampleItem(2, 1, 1) })
    log.write('run.attempt', { run: sampleRun(1, { status: 'running' }), supersededItemIds: [idNumber('item', 2)] })
    log.write('item.delta', { itemId: idNumber('item', 2), patch: [{ op: 'append', path: '/content', value: 'late' }] })
    expect(foldSession(log.events).items.map((item) => item.id)).toEqual([idNumber('item', 1)])
  })

  test('hidden items are not shown, whether hidden afterwards or from the start', () => {
    const log = begun()
      .write('item.created', { item: sampleItem(1, 1, 0) })
      .write('item.created', { item: sampleItem(2, 1, 1) })
    log.write('items.hidden', { itemIds: [idNumber('item', 1)], reason: 'retry' })
    log.write('item.completed', { item: sampleItem(2, 1, 1, { hidden: true }) })
    log.write('item.created', { item: sampleItem(3, 1, 2, { hidden: true }) })
    expect(foldSession(log.events).items).toEqual([])
  })

  test('a run that waits for another attempt is queued again and says why, until it goes on', () => {
    const log = begun().write('run.started', { run: sampleRun(1, { status: 'running' }) })
    log.write('run.retrying', {
      runId: idNumber('run', 1),
      nextAt: '2026-01-01T00:00:05.000Z',
      error: { code: 'x', message: 'no' },
    })
    const waiting = foldSession(log.events)
    expect(waiting.runs[0]!.status).toBe('queued')
    expect(waiting.retrying).toEqual({ [idNumber('run', 1)]: { nextAt: '2026-01-01T00:00:05.000Z', message: 'no' } })
    log.write('run.attempt', { run: sampleRun(1, { status: 'running' }), supersededItemIds: [] })
    expect(foldSession(log.events).retrying).toEqual({})
  })

  test('the state is that of the last event that named it', () => {
    const log = begun().write('state.updated', { state: { step: 1 } })
    expect(foldSession(log.events)).toMatchObject({ state: { step: 1 }, session: { state: { step: 1 } } })
    log.write('session.updated', { session: { ...SESSION, state: { step: 2 }, title: 'T' } })
    expect(foldSession(log.events)).toMatchObject({ state: { step: 2 }, session: { title: 'T' } })
  })

  test('a type that this version does not know only moves seq', () => {
    const before = foldSession(begun().events)
    const unknown = { ...begun().events[0]!, seq: 2, type: 'weather.changed', data: {} } as unknown as SessionEvent
    expect(applyEvent(before, unknown)).toEqual({ ...before, seq: 2 })
  })

  test('a snapshot replaces the whole view', () => {
    const snapshot: SessionEvent = {
      ...{ seq: 40, type: 'snapshot', sessionId: SESSION.id, at: SESSION.createdAt },
      data: { session: { ...SESSION, state: 5 }, items: [sampleItem(7, 3, 0)], runs: [sampleRun(3)] },
    }
    const before = foldSession(begun().write('item.created', { item: sampleItem(1, 1, 0) }).events)
    expect(applyEvent(before, snapshot)).toMatchObject({
      seq: 40,
      state: 5,
      items: [{ runNo: 3 }],
      runs: [{ runNo: 3 }],
    })
  })

  test('the view before is left as it was and what an event does not touch is shared', () => {
    const log = begun().write('item.created', { item: sampleItem(1, 1, 0) })
    log.write('item.created', { item: sampleItem(2, 1, 1, { status: 'streaming' }) })
    const before = foldSession(log.events)
    const copy = structuredClone(before)
    log.write('item.delta', { itemId: idNumber('item', 2), patch: [{ op: 'append', path: '/content', value: 'x' }] })
    const after = foldSession(log.events, before)
    expect(before).toEqual(copy)
    expect(after.items[0]).toBe(before.items[0])
    expect(after.runs).toBe(before.runs)
  })
})

describe('the laws of the fold, over generated logs', () => {
  const cutLogs = logs.chain((log) => fc.tuple(fc.constant(log), fc.nat(log.length), fc.nat(log.length)))

  test('in two parts it comes to the same as at once', () => {
    fc.assert(
      fc.property(cutLogs, ([log, at]) => {
        expect(foldSession(log.slice(at), foldSession(log.slice(0, at)))).toEqual(foldSession(log))
      }),
    )
  })

  test('a replay from anywhere is harmless', () => {
    fc.assert(
      fc.property(cutLogs, ([log, from, to]) => {
        const whole = foldSession(log)
        expect(foldSession(log.slice(Math.min(from, to), Math.max(from, to)), whole)).toEqual(whole)
        expect(foldSession([...log, ...log])).toEqual(whole)
      }),
    )
  })

  test('fold(snapshot at N) + tail = fold(all)', () => {
    fc.assert(
      fc.property(cutLogs, ([log, at]) => {
        fc.pre(at > 0)
        const { seq, session, items, runs } = foldSession(log.slice(0, at))
        const data = { session: session!, items: [...items], runs: [...runs] }
        const snapshot: SessionEvent = { seq, type: 'snapshot', sessionId: SESSION.id, at: SESSION.createdAt, data }
        const resumed = foldSession([snapshot, ...log.slice(at)])
        const all = foldSession(log)
        // A snapshot doesn't say why a run waits (the wire has no place for it); all else is the same.
        expect({ ...resumed, retrying: {} }).toEqual({ ...all, retrying: {} })
      }),
    )
  })

  test('the generated logs reach every kind of view', () => {
    const views = fc.sample(logs, { numRuns: 200, seed: 1 }).map((log) => foldSession(log))
    expect(
      views.some((view) => view.items.some((item) => item.status === 'streaming' && item.data.content !== '')),
    ).toBe(true)
    expect(views.some((view) => view.items.some((item) => item.status === 'incomplete'))).toBe(true)
    expect(views.some((view) => view.runs.some((run) => run.status === 'completed'))).toBe(true)
    expect(views.some((view) => Object.keys(view.retrying).length > 0)).toBe(true)
    expect(foldSession([])).toBe(EMPTY_VIEW)
  })
})
