import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { AgentRequest } from '@shared/contracts/agentApi'
import { checkOf } from '@shared/contracts/validate'
import { newId } from '@shared/domain/ids'
import {
  type PastItem,
  type RequestParts,
  buildRequest,
  keepNewestRuns,
  tellEnough,
  writeRequest,
} from '../buildRequest.ts'

const WIDE = { maxItems: 1_000, maxBytes: 1_000_000 }
const past = (runNo: number, text: string, incomplete = false): PastItem => ({
  runNo,
  json: JSON.stringify({ text }),
  incomplete,
  bytes: 10,
})

/** Three runs of two, three and one items. */
const HISTORY = [past(1, 'a'), past(1, 'b'), past(2, 'c'), past(2, 'd', true), past(2, 'e'), past(4, 'f')]
const parts = (more: Partial<RequestParts> = {}): RequestParts => ({
  run: { id: newId('run'), attempt: 1, leg: 0, type: 'chat', metadata: {} },
  session: {
    id: newId('session'),
    handle: 'h',
    agent: 'eliza',
    metadata: { plan: 'pro' },
    state: { step: 1 },
    endUser: { id: newId('endUser'), externalId: null, metadata: {} },
  },
  inputs: [{ content: 'hello' }],
  runItems: [],
  toolResults: [],
  memories: [],
  history: HISTORY,
  ...more,
})

describe('the request', () => {
  test('is what the contract says', () => {
    expect(checkOf(AgentRequest)(buildRequest(parts(), WIDE))).toMatchObject({ ok: true })
    const cut = buildRequest(parts({ runItems: [{ a: 1 }] }), { ...WIDE, maxItems: 2 })
    expect(checkOf(AgentRequest)(cut)).toMatchObject({ ok: true })
  })

  test('holds the whole history when it fits, and names the items that were cut short', () => {
    const request = buildRequest(parts(), WIDE)
    expect(request.items).toEqual(HISTORY.map(({ json }) => JSON.parse(json)))
    expect(request.incompleteItems).toEqual([3])
    expect(request).not.toHaveProperty('historyTruncated')
  })

  test('counts the incomplete ones among those that are sent', () => {
    const request = buildRequest(parts(), { ...WIDE, maxItems: 4 })
    expect(request.items).toEqual([{ text: 'c' }, { text: 'd' }, { text: 'e' }, { text: 'f' }])
    expect(request.incompleteItems).toEqual([1])
    expect(request.historyTruncated).toBe(true)
  })

  test('names the last of several inputs as the input', () => {
    const inputs = [{ content: 'one' }, { content: 'two' }]
    expect(buildRequest(parts({ inputs }), WIDE)).toMatchObject({ inputs, input: { content: 'two' } })
  })

  test.each([WIDE, { ...WIDE, maxItems: 4 }, { ...WIDE, maxItems: 0 }])(
    'is the same when written as JSON',
    (limits) => {
      const made = parts()
      expect(JSON.parse(writeRequest(made, limits))).toEqual(buildRequest(made, limits))
    },
  )

  test('can not be made without an input', () => {
    expect(() => buildRequest(parts({ inputs: [] }), WIDE)).toThrow('a run begins with an input')
  })
})

describe('history is cut to the newest whole runs', () => {
  const kept = (limits: Partial<typeof WIDE>) =>
    keepNewestRuns(HISTORY, { ...WIDE, ...limits })
      .map(({ json }) => (JSON.parse(json) as { text: string }).text)
      .join('')

  test.each([
    ['within the number of items', { maxItems: 6 }, 'abcdef'],
    ['so that a run that doesn’t fit is left out whole', { maxItems: 5 }, 'cdef'],
    ['exactly to the limit', { maxItems: 4 }, 'cdef'],
    ['never in the middle of a run', { maxItems: 3 }, 'f'],
    ['down to one', { maxItems: 1 }, 'f'],
    ['or to none', { maxItems: 0 }, ''],
    ['within the number of bytes', { maxBytes: 40 }, 'cdef'],
    ['of bytes as of items', { maxBytes: 39 }, 'f'],
    ['down to no byte', { maxBytes: 9 }, ''],
  ])('%s', (_what, limits, text) => {
    expect(kept(limits)).toBe(text)
  })

  test('and what came before a run that doesn’t fit is left out even when it would', () => {
    const large = { ...past(2, 'large'), bytes: 500 }
    expect(keepNewestRuns([past(1, 'a'), large, past(3, 'c')], { ...WIDE, maxBytes: 100 })).toEqual([past(3, 'c')])
  })

  test('for any history: a tail of whole runs, within the limits, and the next run would break them', () => {
    const history = fc
      .array(fc.record({ step: fc.integer({ min: 0, max: 1 }), bytes: fc.integer({ min: 2, max: 20 }) }), {
        maxLength: 30,
      })
      .map((entries) => {
        let runNo = 1
        return entries.map(({ step, bytes }) => ({ ...past((runNo += step), 'x'), bytes }))
      })
    const limits = fc.record({ maxItems: fc.nat(30), maxBytes: fc.nat(300) })
    const sizeOf = (items: PastItem[]) => items.reduce((sum, { bytes }) => sum + bytes, 0)
    fc.assert(
      fc.property(history, limits, (history, limits) => {
        const kept = keepNewestRuns(history, limits)
        const left = history.slice(0, history.length - kept.length)
        expect(kept).toEqual(history.slice(left.length))
        expect(kept.length).toBeLessThanOrEqual(limits.maxItems)
        expect(sizeOf(kept)).toBeLessThanOrEqual(limits.maxBytes)
        const last = left.at(-1)
        if (!last) return
        expect(kept.every((item) => item.runNo > last.runNo)).toBe(true)
        const more = [...left.filter((item) => item.runNo === last.runNo), ...kept]
        expect(more.length > limits.maxItems || sizeOf(more) > limits.maxBytes).toBe(true)
      }),
    )
  })
})

test('the newest items tell enough only when all of them would make the same request', () => {
  const run = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 })
  const limits = fc.record({ maxItems: fc.integer({ min: 1, max: 12 }), maxBytes: fc.integer({ min: 1, max: 60 }) })
  fc.assert(
    fc.property(fc.array(run, { maxLength: 6 }), fc.integer({ min: 0, max: 12 }), limits, (runs, given, limits) => {
      const history = runs.flatMap((sizes, runNo) =>
        sizes.map((bytes, i) => ({ ...past(runNo, `${runNo}.${i}`), bytes })),
      )
      const items = history.slice(Math.max(0, history.length - given))
      if (!tellEnough({ items, whole: items.length === history.length }, limits)) return
      expect(buildRequest(parts({ history: items }), limits)).toMatchObject({
        items: keepNewestRuns(history, limits).map(({ json }) => JSON.parse(json)),
        ...(keepNewestRuns(history, limits).length < history.length && { historyTruncated: true }),
      })
    }),
  )
})
