import { describe, expect, test } from '@jest/globals'
import type { EventData, EventType, SessionEvent } from '@shared/domain/events'
import type { JsonObject } from '@shared/domain/json'
import type { Item, Run, Session } from '@shared/domain/objects'
import { agnoEvents } from '../agno/runEvents.ts'
import { agnoWire } from '../agno/wire.ts'

const AT = '2026-01-02T03:04:05.000Z'
const ABOUT = { runId: 'run_1', sessionId: 'ses_1', agent: 'waiter', before: null }

let seq = 0
function event<Type extends EventType>(type: Type, data: EventData[Type]): SessionEvent {
  // Assignable: `type` and `data` belong together.
  return { seq: ++seq, type, sessionId: 'ses_1', runId: 'run_1', at: AT, data } as SessionEvent
}

const item = (id: string, data: JsonObject, kind: Item['kind'] = 'step'): Item => ({
  ...{ id, sessionId: 'ses_1', runId: 'run_1', runNo: 1, itemNo: 1, kind, status: 'complete', data, createdAt: AT },
})
/** Still streaming. */
const says = (id: string, content: string): Item => ({
  ...item(id, { type: 'message', role: 'assistant', content }),
  status: 'streaming',
})
const run = (status: Run['status'], more: Partial<Run> = {}): Run => ({
  ...{ id: 'run_1', sessionId: 'ses_1', runNo: 1, type: 'chat', status, leg: 0, version: '1.0.0', metadata: {} },
  ...{ attempts: [], createdAt: AT, ...more },
})
const grow = (itemId: string, value: string) =>
  event('item.delta', { itemId, patch: [{ op: 'append', path: '/content', value }] })

const SESSION: Session = {
  ...{ id: 'ses_1', handle: 'h', agent: 'waiter', endUserId: 'eu_1', space: 'production', metadata: {}, state: null },
  ...{ version: '1.0.0', lastSeq: 9, createdAt: AT, updatedAt: AT },
}

function told(events: SessionEvent[], before: Item[] | null = null): string[] {
  const translate = agnoEvents({ ...ABOUT, before })
  return events
    .flatMap(translate)
    .map((one) => (typeof one['content'] === 'string' ? `${one.event} ${one['content']}`.trim() : one.event))
}

describe('a run as Agno’s clients are told of it', () => {
  test('its words grow, those of a second item are set apart, and its end has all of them', () => {
    const lines = told([
      event('run.queued', { run: run('queued') }),
      event('item.created', { item: item('a', { type: 'message', role: 'user', content: 'hi' }, 'input') }),
      event('item.created', { item: says('b', '') }),
      grow('b', 'Let me '),
      grow('b', 'see.'),
      event('item.created', { item: says('c', 'Done') }),
      grow('c', '!'),
      event('run.completed', { run: run('completed') }),
    ])
    expect(lines).toEqual([
      'RunStarted',
      'RunContent Let me',
      'RunContent see.',
      'RunContent \n\nDone',
      'RunContent !',
      'RunCompleted Let me see.\n\nDone!',
    ])
  })

  test('what an attempt had said that failed is not in the end', () => {
    const lines = told([
      event('item.created', { item: says('b', 'wrong') }),
      event('run.attempt', { run: run('running'), supersededItemIds: ['b'] }),
      event('item.created', { item: says('c', 'right') }),
      event('run.completed', { run: run('completed') }),
    ])
    expect(lines.at(-1)).toBe('RunCompleted right')
  })

  test('an output that is no message is told as JSON', () => {
    const made = item('b', { type: 'bill', total: 3 }, 'output')
    expect(told([event('item.created', { item: made }), event('run.completed', { run: run('completed') })])).toEqual([
      'RunStarted',
      'CustomEvent',
      'RunCompleted {"type":"bill","total":3}',
    ])
  })

  test('after a pause it goes on with what it had said', () => {
    const lines = told(
      [
        event('run.resumed', { run: run('queued', { leg: 1 }) }),
        event('item.created', { item: says('c', 'Thanks.') }),
        event('run.completed', { run: run('completed') }),
      ],
      [says('b', 'Where?')],
    )
    expect(lines).toEqual(['RunContinued', 'RunContent \n\nThanks.', 'RunCompleted Where?\n\nThanks.'])
  })

  test.each<[Run['status'], Partial<Run>, string]>([
    ['completed', {}, 'RunCompleted all'],
    ['failed', { error: { code: 'x', message: 'It broke.' } }, 'RunError It broke.'],
    ['cancelled', {}, 'RunCancelled The run was cancelled.'],
    ['paused', { pause: { pauseId: 'p', toolCalls: [], expiresAt: AT } }, 'RunPaused'],
  ])('a snapshot in which it is %s says so', (status, more, line) => {
    const data = { session: SESSION, items: [says('b', 'all')], runs: [run(status, more)] }
    expect(told([event('snapshot', data)])).toEqual(['RunStarted', line])
  })

  test('a custom event keeps its fields, and ours stay ours', () => {
    const [, custom] = agnoEvents(ABOUT)(
      event('custom', { name: 'x', data: { event: 'RunCompleted', data: 1, own: 2 } }),
    )
    expect(custom).toMatchObject({ event: 'CustomEvent', name: 'x', value: 1, own: 2, run_id: 'run_1' })
    expect(custom).not.toHaveProperty('data')
  })
})

test('a stream that is cut says that the run goes on', () => {
  expect(agnoWire(ABOUT).cut('shutdown', 3)).toMatch(/^data: \{"event":"RunError".*the run goes on.*\n\n$/)
})
