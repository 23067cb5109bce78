import { describe, expect, test } from '@jest/globals'
import type { SessionEvent } from '@shared/domain/events'
import fc from 'fast-check'
import { SESSION, logs, sampleItem, sampleRun } from '../../domain/test/sampleLog.ts'
import { Event } from '../events.ts'
import { SOCKET_MESSAGES } from '../sockets.ts'
import { checkOf } from '../validate.ts'

const check = checkOf(Event)
const fits = (event: unknown) => check(event).ok
const event = (type: string, data: object, more: object = {}) => ({
  seq: 1,
  type,
  sessionId: SESSION.id,
  at: '2026-01-01T00:00:00.000Z',
  data,
  ...more,
})
const run = sampleRun(1)
const item = sampleItem(1, 1, 0)
const score = {
  ...{ id: 'scr_01jd0000000000000000000000', sessionId: SESSION.id, itemId: item.id, name: 'feedback', value: 'up' },
  by: { kind: 'endUser', id: SESSION.endUserId },
  ...{ createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
}
const error = { code: 'agent_error', message: 'no', details: [{ any: 'thing' }] }

const EVENTS: [SessionEvent['type'], object][] = [
  ['session.created', { session: SESSION }],
  ['session.updated', { session: SESSION }],
  ['run.queued', { run: { ...run, queuePosition: 3 } }],
  ['run.started', { run }],
  ['run.attempt', { run, supersededItemIds: [item.id] }],
  ['run.retrying', { runId: run.id, nextAt: SESSION.createdAt, error }],
  ['run.paused', { run }],
  ['run.resumed', { run }],
  [
    'run.completed',
    { run: { ...run, usage: { inputTokens: 1, costUsd: 0.1, model: 'm' }, endedAt: SESSION.createdAt } },
  ],
  ['run.failed', { run: { ...run, error } }],
  ['run.cancelled', { run }],
  ['item.created', { item }],
  ['item.delta', { itemId: item.id, patch: [{ op: 'append', path: '/content', value: 'x' }] }],
  ['item.completed', { item: { ...item, status: 'incomplete', hidden: true } }],
  ['items.hidden', { itemIds: [item.id], reason: 'rollback' }],
  ['state.updated', { state: null }],
  ['feedback.created', { itemId: item.id, score }],
  ['custom', { name: 'n', data: [1] }],
  ['snapshot', { session: SESSION, items: [item], runs: [run] }],
]

describe('an event', () => {
  test.each(EVENTS)('%s fits with its data, and not with another’s or with more', (type, data) => {
    expect(fits(event(type, data))).toBe(true)
    expect(fits(event(type, data, { prev: 0, runId: run.id, attempt: 1 }))).toBe(true)
    expect(fits(event(type, { ...data, more: 1 }))).toBe(false)
    expect(fits(event(type, {}))).toBe(false)
    expect(fits(event(type, data, { organizationId: 'org' }))).toBe(false)
  })

  test.each<[string, object]>([
    ['of an unknown type', event('run.exploded', { run })],
    ['without a seq', event('run.started', { run }, { seq: undefined })],
    ['with seq 0', event('run.started', { run }, { seq: 0 })],
    ['with half a seq', event('run.started', { run }, { seq: 1.5 })],
    ['of attempt 0', event('run.started', { run }, { attempt: 0 })],
    ['at no time', event('run.started', { run }, { at: 'yesterday' })],
    ['with a bare UUID', event('items.hidden', { itemIds: ['01932f0e-3c1a-7000-8000-000000000000'], reason: 'x' })],
    ['with a status that there isn’t', event('run.started', { run: { ...run, status: 'lost' } })],
    ['with a patch of nothing', event('item.delta', { itemId: item.id, patch: [] })],
    [
      'with a patch that moves',
      event('item.delta', { itemId: item.id, patch: [{ op: 'move', from: '/a', path: '/b' }] }),
    ],
    ['with an item that is a list', event('item.created', { item: { ...item, data: [1] } })],
  ])('%s does not fit', (_what, wrong) => {
    expect(fits(JSON.parse(JSON.stringify(wrong)))).toBe(false)
  })

  test('of any log that the engine could write fits, unless its type is one of a later version', () => {
    const known = new Set(EVENTS.map(([type]) => type))
    fc.assert(fc.property(logs, (log) => log.every((one) => fits(one) === known.has(one.type))))
  })
})

describe('a message of a socket', () => {
  const session = SESSION.id
  test.each<[keyof typeof SOCKET_MESSAGES, object]>([
    ['subscribe', { sessionId: session, after: 0 }],
    ['unsubscribe', { sessionId: session }],
    ['message', { sessionId: session, idempotencyKey: 'k', input: 'x', onBusy: 'reject' }],
    ['cancel', { runId: run.id, idempotencyKey: 'k' }],
    ['auth', { token: 't' }],
  ])('%s fits as it is, not with more and not with less', (name, message) => {
    const checkMessage = checkOf(SOCKET_MESSAGES[name])
    expect(checkMessage(message).ok).toBe(true)
    expect(checkMessage({ ...message, more: 1 }).ok).toBe(false)
    const [first] = Object.keys(message)
    expect(checkMessage({ ...message, [first!]: undefined }).ok).toBe(false)
  })
})
