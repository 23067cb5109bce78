import { describe, expect, test } from '@jest/globals'
import type { EventData, EventType, SessionEvent } from '@shared/domain/events'
import type { JsonObject } from '@shared/domain/json'
import type { Item, Run, Session } from '@shared/domain/objects'
import { mergeMessages } from '../ag-ui/mergeMessages.ts'
import { agUiEvents } from '../ag-ui/runEvents.ts'
import { agUiWire } from '../ag-ui/wire.ts'

const AT = '2026-01-02T03:04:05.000Z'
const BASE = [{ id: 'u', role: 'user', content: 'hi' }]
const ABOUT = {
  ...{ threadId: 'thread', clientRunId: 'own', runId: 'run_1', sessionId: 'ses_1' },
  ...{ base: BASE, before: [], leg: 0, answers: new Map<string, { messageId: string; content: string }>() },
}

let seq = 0
function event<Type extends EventType>(type: Type, data: EventData[Type]): SessionEvent {
  // Assignable: `type` and `data` belong together.
  return { seq: ++seq, type, sessionId: 'ses_1', runId: 'run_1', at: AT, data } as SessionEvent
}

const item = (id: string, data: JsonObject, status: Item['status'] = 'complete'): Item => ({
  ...{ id, sessionId: 'ses_1', runId: 'run_1', runNo: 1, itemNo: 1, kind: 'step', status, data, createdAt: AT },
})
const says = (id: string, content: string, status: Item['status'] = 'streaming') =>
  item(id, { type: 'message', role: 'assistant', content }, status)
const created = (one: Item) => event('item.created', { item: one })
const completed = (one: Item) => event('item.completed', { item: one })
const grow = (itemId: string, value: string) =>
  event('item.delta', { itemId, patch: [{ op: 'append', path: '/content', value }] })
const run = (status: Run['status'], more: Partial<Run> = {}): Run => ({
  ...{ id: 'run_1', sessionId: 'ses_1', runNo: 1, type: 'chat', status, leg: 0, version: '1.0.0', metadata: {} },
  ...{ attempts: [], createdAt: AT, ...more },
})
const done = () => event('run.completed', { run: run('completed') })
const SESSION: Session = {
  ...{ id: 'ses_1', handle: 'h', agent: 'guide', endUserId: 'eu_1', space: 'production', metadata: {}, state: null },
  ...{ version: '1.0.0', lastSeq: 9, createdAt: AT, updatedAt: AT },
}

/** The type of each event, with what it says. */
function told(events: SessionEvent[], about: Partial<typeof ABOUT> = {}): string[] {
  return events.flatMap(agUiEvents({ ...ABOUT, ...about })).map(({ type, delta, messages }) => {
    const texts = Array.isArray(messages) ? messages.map(({ content }: { content?: string }) => content).join('|') : ''
    return `${type} ${typeof delta === 'string' ? delta : texts}`.trim()
  })
}

describe('a run as AG-UI’s clients are told of it', () => {
  test('words that were changed after they were told are set right', () => {
    const lines = told([
      created(says('a', 'Wel')),
      event('item.delta', { itemId: 'a', patch: [{ op: 'replace', path: '/content', value: 'Well' }] }),
      grow('a', '!'),
      completed(says('a', 'Good.', 'complete')),
      done(),
    ])
    expect(lines).toEqual([
      ...['TEXT_MESSAGE_START', 'TEXT_MESSAGE_CONTENT Wel', 'TEXT_MESSAGE_CONTENT l', 'TEXT_MESSAGE_CONTENT !'],
      ...['TEXT_MESSAGE_END', 'MESSAGES_SNAPSHOT hi|Good.', 'RUN_FINISHED'],
    ])
  })

  test('what is hidden while it streams is closed and taken away, also what was there before', () => {
    const lines = told([
      created(says('a', 'Bad')),
      event('items.hidden', { itemIds: ['a'], reason: 'moderated' }),
      grow('a', ' words'),
      event('items.hidden', { itemIds: ['u'], reason: 'moderated' }),
      event('items.hidden', { itemIds: ['other'], reason: 'moderated' }),
      done(),
    ])
    expect(lines).toEqual([
      ...['TEXT_MESSAGE_START', 'TEXT_MESSAGE_CONTENT Bad', 'TEXT_MESSAGE_END', 'MESSAGES_SNAPSHOT hi'],
      ...['MESSAGES_SNAPSHOT', 'RUN_FINISHED'],
    ])
  })

  test('whatever is open is closed before the end', () => {
    const events = [
      created(item('t', { type: 'reasoning', content: 'Hm' }, 'streaming')),
      created(item('c', { type: 'tool_call', callId: 'x', name: 'look' }, 'streaming')),
      created(says('a', '')),
      event('run.failed', { run: run('failed', { error: { code: 'x', message: 'It broke.' } }) }),
    ]
    expect(told(events)).toEqual([
      ...['REASONING_START', 'REASONING_MESSAGE_START', 'REASONING_MESSAGE_CONTENT Hm', 'TOOL_CALL_START'],
      ...['TEXT_MESSAGE_START', 'REASONING_MESSAGE_END', 'REASONING_END', 'TOOL_CALL_END', 'TEXT_MESSAGE_END'],
      'RUN_ERROR',
    ])
  })

  test('a call is whole once its arguments are', () => {
    const call = { type: 'tool_call', callId: 'x', name: 'look' }
    const lines = told([
      created(item('c', call, 'streaming')),
      completed(item('c', { ...call, arguments: { a: 1 } })),
      completed(item('c', { ...call, arguments: { a: 1 } })),
      created(item('r', { type: 'tool_result', callId: 'x', result: 1 })),
      created(item('s', { type: 'tool_result', callId: 'unknown', result: 1 })),
      done(),
    ])
    expect(lines).toEqual([
      ...['TOOL_CALL_START', 'TOOL_CALL_ARGS {"a":1}', 'TOOL_CALL_END', 'TOOL_CALL_RESULT', 'CUSTOM', 'RUN_FINISHED'],
    ])
  })

  test.each<[Run['status'], Partial<Run>, string]>([
    ['completed', {}, 'RUN_FINISHED'],
    ['failed', { error: { code: 'x', message: 'It broke.' } }, 'RUN_ERROR'],
    ['cancelled', {}, 'RUN_FINISHED'],
    ['paused', { pause: { pauseId: 'p', toolCalls: [], expiresAt: AT } }, 'RUN_FINISHED'],
  ])('a snapshot in which it is %s says so', (status, more, line) => {
    const data = { session: SESSION, items: [says('b', 'all', 'complete')], runs: [run(status, more)] }
    expect(told([event('snapshot', data), grow('b', 'more')])).toEqual([
      'MESSAGES_SNAPSHOT hi|all',
      'STATE_SNAPSHOT',
      line,
    ])
  })

  test('a message goes on after a snapshot that has its beginning', () => {
    const data = { session: SESSION, items: [says('b', 'so')], runs: [run('running')] }
    expect(told([event('snapshot', data), grow('b', ' far'), done()])).toEqual([
      ...['MESSAGES_SNAPSHOT hi|so', 'STATE_SNAPSHOT', 'TEXT_MESSAGE_START', 'TEXT_MESSAGE_CONTENT  far'],
      ...['TEXT_MESSAGE_END', 'RUN_FINISHED'],
    ])
  })

  test('an output that is no message is the result', () => {
    const output: Item = { ...item('o', { type: 'bill', total: 3 }), kind: 'output' }
    const events = [created(output), done()].flatMap(agUiEvents(ABOUT))
    expect(events.at(-1)).toMatchObject({ type: 'RUN_FINISHED', runId: 'own', result: { type: 'bill', total: 3 } })
  })
})

describe('what a client shows before a run', () => {
  const KNOWN = 'itm_01m8rxz578e3bagq6cxj076v75'
  const GONE = 'itm_01m8rxz596ezf91rt4eqv9krke'
  const history = [
    { id: 'u', role: 'user' as const, content: 'hi' },
    { id: KNOWN, role: 'assistant' as const, content: 'Hello' },
  ]
  const known = { history, isCut: false, folded: new Set<string>(), retold: null, fresh: new Set(['new']) }
  const user = (id: string) => ({ id, role: 'user', content: id })
  const assistant = (id: string, content: string) => ({ id, role: 'assistant', content })
  const all = [user('u'), assistant(KNOWN, 'Hello'), user('new')]
  const idsOf = (sent: Parameters<typeof mergeMessages>[0], more: object = {}) => {
    const { messages, isOther } = mergeMessages(sent, { ...known, ...more })
    return { ids: messages.map(({ id }) => id), isOther }
  }

  test.each<[string, Parameters<typeof mergeMessages>[0], object, string[], boolean]>([
    ['it has all', all, {}, ['u', KNOWN, 'new'], false],
    ['it has nothing', [user('new')], {}, ['u', KNOWN, 'new'], true],
    ['it has half of a message', [user('u'), assistant(KNOWN, 'Hel'), user('new')], {}, ['u', KNOWN, 'new'], true],
    ['it has what was taken back', [...all.slice(0, 2), assistant(GONE, 'x')], {}, ['u', KNOWN], true],
    ['it has a greeting of its own', [assistant('g', 'Hey'), ...all], {}, ['g', 'u', KNOWN, 'new'], false],
    ['its order is another', [all[1]!, all[0]!, all[2]!], {}, ['u', KNOWN, 'new'], true],
    ['it has older ones', [assistant(GONE, 'old'), ...all], { isCut: true }, [GONE, 'u', KNOWN, 'new'], false],
    ['it has parts of one message', [user('f'), ...all], { folded: new Set(['f']) }, ['u', KNOWN, 'new'], false],
  ])('%s', (_what, sent, more, ids, isOther) => {
    const found = idsOf(sent, more)
    expect({ ...found, ids: found.ids.filter((id) => id !== 'f') }).toEqual({ ids, isOther })
  })
})

test('a stream that is cut says that the run goes on', () => {
  expect(agUiWire(ABOUT, []).cut('shutdown', 3)).toMatch(
    /^data: \{"type":"RUN_ERROR","code":"shutdown".*goes on.*\n\n$/,
  )
})
