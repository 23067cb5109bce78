import { describe, expect, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { type Said, failureOf, framesOf, situation, text, toolCall } from './reading.ts'

const STARTED = { type: 'RUN_STARTED' }
const FINISHED = { type: 'RUN_FINISHED' }
const other = { runId: 'another' }
const textStart = (id: string, more: object = {}): Said => ({ type: 'TEXT_MESSAGE_START', messageId: id, ...more })
const content = (id: string, delta = 'x'): Said => ({ type: 'TEXT_MESSAGE_CONTENT', messageId: id, delta })
const step = (stepName: string): Said => ({ type: 'STEP_STARTED', stepName })
const chunk = (more: object): Said => ({ type: 'TEXT_MESSAGE_CHUNK', ...more })
const interrupted = (...interrupts: object[]): Said => ({ ...FINISHED, outcome: { type: 'interrupt', interrupts } })
const state = (snapshot: unknown): Said => ({ type: 'STATE_SNAPSHOT', snapshot })
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])

describe('is invalid output, and why', () => {
  test.each<[string, Said[], RegExp]>([
    ['no beginning', [textStart('m')], /began with TEXT_MESSAGE_START: RUN_STARTED comes first/],
    ['an end without a beginning', [FINISHED], /began with RUN_FINISHED: RUN_STARTED comes first/],
    ['a run within a run', [STARTED, STARTED], /started a run within a run/],
    ['the end of another run', [STARTED, { ...FINISHED, ...other }], /finished the run "another" within the run "run_/],
    [
      'words between runs',
      [{ ...STARTED, ...other }, { ...FINISHED, ...other }, textStart('m')],
      /TEXT_MESSAGE_START after the end of a run/,
    ],
    ['a message that is started twice', [STARTED, textStart('m'), textStart('m')], /started the message "m" twice/],
    ['words of no message', [STARTED, content('m')], /named the message "m", which is not open/],
    [
      'words of a message that has ended',
      [STARTED, ...text('m', 'x'), content('m')],
      /named the message "m", which is not open/,
    ],
    ['an end of no message', [STARTED, { type: 'TEXT_MESSAGE_END', messageId: 'm' }], /named the message "m"/],
    [
      'words of a message as of thoughts',
      [STARTED, textStart('m'), { type: 'REASONING_MESSAGE_CONTENT', messageId: 'm', delta: 'x' }],
      /named the reasoning message "m"/,
    ],
    [
      'arguments of no call',
      [STARTED, { type: 'TOOL_CALL_ARGS', toolCallId: 'c', delta: 'x' }],
      /named the tool call "c"/,
    ],
    ['an end of no thoughts', [STARTED, { type: 'REASONING_END', messageId: 'r' }], /named the reasoning span "r"/],
    ['a step that is started twice', [STARTED, step('a'), step('a')], /started the step "a" twice/],
    [
      'an end of somebody else’s step',
      [STARTED, step('a'), { type: 'STEP_FINISHED', stepName: 'a', subagentRunId: 's' }],
      /named the step "a"/,
    ],
    ['an end of no subagent', [STARTED, { type: 'SUBAGENT_FINISHED', subagentRunId: 's' }], /named the subagent "s"/],
    ['an end amid a message', [STARTED, textStart('m'), FINISHED], /finished while the message "m" was still open/],
    ['an end amid a step', [STARTED, step('a'), FINISHED], /finished while the step "a" was still open/],
    ['a first chunk without an id', [STARTED, chunk({ delta: 'x' })], /first TEXT_MESSAGE_CHUNK without an id/],
    [
      'a first chunk without a tool',
      [STARTED, { type: 'TOOL_CALL_CHUNK', toolCallId: 'c' }],
      /without the name of the tool/,
    ],
    [
      'a chunk that contradicts the first',
      [STARTED, chunk({ messageId: 'm' }), chunk({ role: 'user' })],
      /with another role than the first one/,
    ],
    [
      'a chunk of nobody in particular',
      [
        STARTED,
        chunk({ messageId: 'a', subagentRunId: 's' }),
        chunk({ messageId: 'b', subagentRunId: 't' }),
        chunk({ delta: 'x' }),
      ],
      /could go on with what either subagent says/,
    ],
    [
      'a chunk of what was begun at length',
      [STARTED, textStart('m'), chunk({ messageId: 'm', delta: 'x' })],
      /started the message "m" twice/,
    ],
    [
      'an id that is no text',
      [STARTED, textStart(7 as unknown as string)],
      /sent an event TEXT_MESSAGE_START that is not valid/,
    ],
    ['a run without an id', [{ ...STARTED, runId: undefined }], /sent an event RUN_STARTED that is not valid/],
    ['a role of nobody', [STARTED, textStart('m', { role: 'wizard' })], /TEXT_MESSAGE_START that is not valid/],
    ['a patch that is none', [STARTED, { type: 'STATE_DELTA', delta: { a: 1 } }], /STATE_DELTA that is not valid/],
    [
      'an operation without a value',
      [STARTED, { type: 'STATE_DELTA', delta: [{ op: 'add', path: '/a' }] }],
      /STATE_DELTA that is not valid/,
    ],
    ['an interrupt by nothing', [STARTED, interrupted()], /was interrupted, and did not say by what/],
    ['an interrupt without a reason', [STARTED, interrupted({ id: 'i' })], /RUN_FINISHED that is not valid/],
    [
      'more calls than a pause may have',
      [STARTED, ...Array.from({ length: 101 }, (_, index) => toolCall(`c${index}`, 'pick', [])).flat(), FINISHED],
      /called tools in a way that is not valid/,
    ],
    [
      'a tool of no name',
      [STARTED, ...toolCall('c', '', []), { ...FINISHED, outcome: { type: 'success', pendingToolCallIds: ['c'] } }],
      /called tools in a way that is not valid/,
    ],
  ])('%s', (_what, sends, message) => {
    const failure = failureOf(sends, { tools: ['pick'] })
    expect(failure).toMatchObject({ code: 'invalid_output', retryable: false })
    expect(failure.message).toMatch(message)
  })

  test.each([
    ['no JSON', '{"type":', /not JSON: "\{\\"type\\":"/],
    ['no object', '[1]', /no AG-UI event/],
    ['no type', '{"a":1}', /no AG-UI event/],
  ])('%s', (_what, data, message) => {
    expect(() => situation().reader.read(data)).toThrow(message)
  })
})

describe('what can not be stored is refused', () => {
  test.each<[string, Said[], RegExp]>([
    [
      'a forbidden key',
      [state(JSON.parse('{"__proto__":1}'))],
      /can't be stored: "\/snapshot" has the forbidden key "__proto__"/,
    ],
    [
      'a forbidden key in a patch',
      [{ type: 'STATE_DELTA', delta: [{ op: 'add', path: '/a', value: JSON.parse('{"constructor":1}') }] }],
      /can't be stored/,
    ],
    ['NUL in an id', [textStart('\u0000')], /can't be stored/],
    ['NUL in words', [textStart('m'), content('m', '\u0000')], /sent text that/],
    ['NUL in arguments that are no JSON', toolCall('c', 'x', ['\u0000']), /with arguments that/],
    ['what is too deep', [state(deep(tunables.jsonDepth))], /can't be stored/],
    [
      'a patch that makes it too deep',
      [
        {
          type: 'STATE_DELTA',
          delta: [
            { op: 'add', path: '/a', value: deep(40) },
            { op: 'add', path: `/a${'/0'.repeat(39)}`, value: deep(40) },
          ],
        },
      ],
      /a patch with a value that/,
    ],
    [
      'an item that is too large',
      [textStart('m'), content('m', 'x'.repeat(tunables.itemBytes + 1))],
      /more than 262144 bytes/,
    ],
    ['a state that is too large', [state('x'.repeat(tunables.itemBytes))], /a state of more than 262144 bytes/],
    [
      'an activity that is too large',
      [
        {
          type: 'ACTIVITY_SNAPSHOT',
          messageId: 'a',
          activityType: 'x',
          content: { a: 'x'.repeat(tunables.itemBytes) },
        },
      ],
      /more than 262144 bytes/,
    ],
    [
      'a state that a patch of few bytes makes too large',
      [
        state({ a: 'x'.repeat(1_000) }),
        {
          type: 'STATE_DELTA',
          delta: Array.from({ length: 20 }, (_, index) => ({ op: 'copy', from: '', path: `/${index}` })),
        },
      ],
      /a state of more than 262144 bytes/,
    ],
  ])('%s', (_what, sends, message) => {
    const failure = failureOf([STARTED, ...sends])
    expect(failure).toMatchObject({ code: 'invalid_output', retryable: false })
    expect(failure.message).toMatch(message)
  })

  test('a patch reaches no prototype', () => {
    const frames = framesOf([
      STARTED,
      { type: 'STATE_DELTA', delta: [{ op: 'add', path: '/__proto__/polluted', value: 1 }] },
      FINISHED,
    ])
    expect(frames.map(({ name }) => name)).toEqual(['custom', 'text', 'done'])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('changes that cost far more than they weigh end the run', () => {
    const large = Array.from({ length: 100_000 }, () => 1)
    const change: Said = {
      type: 'STATE_DELTA',
      delta: Array.from({ length: 1_000 }, () => ({ op: 'replace', path: '/1', value: 1 })),
    }
    expect(failureOf([STARTED, state(large), change]).message).toMatch(/too many changes of something so large/)
  })

  test('as do chunks of subagents that have to be sought among thousands', () => {
    const opened = Array.from({ length: 3_000 }, (_, index) =>
      chunk({ messageId: `m${index}`, subagentRunId: `s${index}` }),
    )
    const sought = Array.from({ length: 3_000 }, () => chunk({ messageId: 'm0', delta: 'x' }))
    expect(failureOf([STARTED, ...opened, ...sought]).message).toMatch(/too many changes/)
  })
})

describe('a stream ends early', () => {
  const endOf = (sends: Said[]) => {
    const { input, reader } = situation()
    const run = { runId: input.runId }
    for (const event of sends) reader.read(JSON.stringify({ ...(event.type.startsWith('RUN_') && run), ...event }))
    return reader.endedEarly()
  }

  test.each<[string, Said[], string, boolean, RegExp]>([
    ['before it has begun', [], 'agent_disconnected', true, /without RUN_FINISHED and RUN_ERROR/],
    ['amid its run', [STARTED, textStart('m')], 'agent_disconnected', true, /without RUN_FINISHED and RUN_ERROR/],
    [
      'after another run alone',
      [
        { ...STARTED, ...other },
        { ...FINISHED, ...other },
      ],
      'invalid_output',
      false,
      /told of the run "another" alone: RUN_STARTED must name the runId/,
    ],
    [
      'after another run that failed',
      [
        { ...STARTED, ...other },
        { type: 'RUN_ERROR', message: 'no', code: 'x' },
      ],
      'x',
      true,
      /^no$/,
    ],
    [
      'amid its run, after another',
      [{ ...STARTED, ...other }, { ...FINISHED, ...other }, STARTED],
      'agent_disconnected',
      true,
      /without RUN_FINISHED/,
    ],
  ])('%s', (_what, sends, code, retryable, message) => {
    const failure = endOf(sends)
    expect(failure).toMatchObject({ code, retryable })
    expect(failure.message).toMatch(message)
  })
})

describe('an agent fails by its own words', () => {
  test.each<[string, Said[], object]>([
    [
      'with a code',
      [STARTED, { type: 'RUN_ERROR', message: 'Busy', code: 'Rate-Limit' }],
      { code: 'rate_limit', message: 'Busy' },
    ],
    [
      'without a code',
      [STARTED, { type: 'RUN_ERROR', message: 'Busy', code: null }],
      { code: 'agent_error', message: 'Busy' },
    ],
    ['with a code of signs', [STARTED, { type: 'RUN_ERROR', message: 'Busy', code: '!' }], { code: 'agent_error' }],
    [
      'with a number for a code',
      [STARTED, { type: 'RUN_ERROR', message: 'Busy', code: '429' }],
      { code: 'agent_error' },
    ],
    ['before it has begun', [{ type: 'RUN_ERROR', message: 'Busy' }], { code: 'agent_error' }],
    ['amid a message', [STARTED, textStart('m'), { type: 'RUN_ERROR', message: 'Busy' }], { code: 'agent_error' }],
  ])('%s, and is tried again', (_what, sends, failure) => {
    expect(failureOf(sends)).toMatchObject({ ...failure, retryable: true })
  })

  test('and tells what it has used', () => {
    const frames = framesOf([STARTED, { type: 'RUN_ERROR', message: 'x', usage: [{ inputTokens: 1 }] }])
    expect(frames[0]).toEqual({ name: 'usage', data: { inputTokens: 1 } })
  })

  test('or is stopped', () => {
    const stopped = { ...FINISHED, outcome: { type: 'cancelled' } }
    expect(failureOf([STARTED, ...text('m', 'Half'), stopped])).toMatchObject({
      code: 'agent_cancelled',
      retryable: false,
    })
  })
})
