import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SessionEvent } from '@shared/domain/events'
import { foldSession } from '@shared/domain/foldSession'
import { newId } from '@shared/domain/ids'
import type { Item } from '@shared/domain/objects'
import type { Patch } from '@shared/domain/patch'
import type { NewEvent } from '@shared/store/storeEvents'
import { mergeDeltas } from '../mergeDeltas.ts'

const place = { sessionId: newId('session'), runId: newId('run') }
const at = '2026-01-02T03:04:05.000Z'
const items = [1, 2].map((itemNo): Item => {
  const data = { text: '', other: '', list: [] }
  return { id: newId('item'), ...place, runNo: 1, itemNo, kind: 'step', status: 'streaming', data, createdAt: at }
})
const [a, b] = items.map((item) => item.id) as [string, string]

const delta = (itemId: string, ...patch: Patch): NewEvent => ({ type: 'item.delta', data: { itemId, patch } })
const append = (itemId: string, value: string, path = '/text') => delta(itemId, { op: 'append', path, value })
const created: NewEvent[] = items.map((item) => ({ type: 'item.created', data: { item } }))
const custom: NewEvent = { type: 'custom', data: { name: 'n', data: 1 } }

describe('deltas', () => {
  test('that append text at one place are one', () => {
    expect(mergeDeltas([append(a, 'Hel')], [append(a, 'lo'), append(a, '!')])).toEqual([append(a, 'Hello!')])
    expect(mergeDeltas([], [append(a, 'x'), append(a, 'y')])).toEqual([append(a, 'xy')])
  })

  test.each<[string, NewEvent, NewEvent]>([
    ['of two items', append(a, 'x'), append(b, 'y')],
    ['at two places', append(a, 'x'), append(a, 'y', '/other')],
    [
      'of several operations',
      append(a, 'x'),
      delta(a, { op: 'append', path: '/text', value: 'y' }, { op: 'remove', path: '/other' }),
    ],
    [
      'of lists',
      delta(a, { op: 'append', path: '/list', value: [1] }),
      delta(a, { op: 'append', path: '/list', value: [2] }),
    ],
    ['that replace', append(a, 'x'), delta(a, { op: 'replace', path: '/text', value: 'y' })],
    ['with something between', custom, append(a, 'y')],
  ])('%s stay two', (_what, first, second) => {
    expect(mergeDeltas([first], [second])).toEqual([first, second])
    expect(mergeDeltas([], [first, second])).toEqual([first, second])
  })

  test('keep their order around other events', () => {
    expect(mergeDeltas([append(a, 'x')], [custom, append(a, 'y')])).toEqual([append(a, 'x'), custom, append(a, 'y')])
  })
})

test('what was given is not changed', () => {
  const first = [append(a, 'x')]
  mergeDeltas(first, [append(a, 'y')])
  expect(first).toEqual([append(a, 'x')])
})

test('however events are merged, readers fold the same', () => {
  const itemId = fc.constantFrom(a, b)
  const path = fc.constantFrom('/text', '/other')
  const event = fc.oneof(
    fc.tuple(itemId, fc.string(), path).map(([id, value, path]) => append(id, value, path)),
    fc.tuple(itemId, fc.string()).map(([id, value]) => delta(id, { op: 'replace', path: '/text', value })),
    fc.tuple(itemId, fc.nat()).map(([id, value]) => delta(id, { op: 'append', path: '/list', value: [value] })),
    fc.tuple(itemId, fc.string()).map(([id, value]) => delta(id, { op: 'add', path: '/list/-', value })),
    fc.constant(custom),
    fc.constantFrom(...items).map((item): NewEvent => ({
      type: 'item.completed',
      data: { item: { ...item, status: 'complete' } },
    })),
  )
  const shown = (events: readonly NewEvent[]) =>
    foldSession(events.map((event, i) => ({ ...event, ...place, seq: i + 1, attempt: 1, at }) as SessionEvent)).items
  fc.assert(
    fc.property(fc.array(fc.array(event, { maxLength: 5 }), { maxLength: 8 }), (batches) => {
      const merged = batches.reduce<NewEvent[]>((all, batch) => mergeDeltas(all, batch), created)
      expect(shown(merged)).toEqual(shown([...created, ...batches.flat()]))
      expect(merged.length).toBeLessThanOrEqual(created.length + batches.flat().length)
    }),
  )
})
