import type { Mismatch } from '../client/difference.ts'
import type { ConversationResult } from '../replay/playConversation.ts'
import { percentile } from '../percentile.ts'
import { formatSummary, summarize } from '../replay/summary.ts'

const measured = { seconds: 2, unplayed: 0, retries: 1, workersKilled: 0 }
const mismatch: Mismatch = { conversation: 'a', turn: 2, what: 'item 1', expected: 'No.', got: undefined }

function result(changes: Partial<ConversationResult> = {}): ConversationResult {
  return { id: 'a', turns: [], reconnects: 0, mismatches: [], failure: null, ...changes }
}

test.each<[number[], number, number | null]>([
  [[], 50, null],
  [[7], 50, 7],
  [[7], 99, 7],
  [[30, 10, 20, 40], 50, 20],
  [[30, 10, 20, 40], 95, 40],
  [Array.from({ length: 100 }, (_, index) => index + 1), 95, 95],
  [Array.from({ length: 100 }, (_, index) => 100 - index), 99, 99],
  [[10, 9, 100], 100, 100],
  [[10, 9, 100], 0, 9],
])('percentile of %j at %d is %p', (values, percent, expected) => {
  expect(percentile(values, percent)).toBe(expected)
})

test('turns, rates and latencies of all conversations are taken together', () => {
  const first = result({
    turns: [
      { firstText: 10, end: 20 },
      { firstText: null, end: 40 },
    ],
    reconnects: 2,
  })
  const summary = summarize([first, result({ turns: [{ firstText: 30, end: 60 }], reconnects: 1 })], measured)
  expect(summary).toMatchObject({
    ok: true,
    conversations: 2,
    turns: 3,
    turnsPerSecond: 1.5,
    reconnects: 3,
    retries: 1,
  })
  expect(summary.latencyMs.end).toEqual({ p50: 40, p95: 60, p99: 60 })
  expect(summary.latencyMs.firstText).toEqual({ p50: 10, p95: 30, p99: 30 })
})

test.each([
  ['a mismatch', [result({ mismatches: [mismatch] })], measured],
  ['a conversation that was not played to its end', [result({ failure: 'turn 1: refused' })], measured],
  ['a conversation that was not played', [result()], { ...measured, unplayed: 1 }],
  ['nothing played', [], measured],
])('%s is not ok', (_what, results, measured) => {
  expect(summarize(results, measured).ok).toBe(false)
})

test('all mismatches are counted, ten are listed', () => {
  const summary = summarize([result({ mismatches: Array.from({ length: 12 }, () => mismatch) })], measured)
  expect(summary.mismatches.count).toBe(12)
  expect(summary.mismatches.first).toHaveLength(10)
  expect(formatSummary(summary)).toContain('  … and 2 more')
})

test('a person reads where it was, what was expected and what came', () => {
  const lines = formatSummary(summarize([result({ mismatches: [mismatch], failure: 'turn 3: refused' })], measured))
  const shown = ['  a, turn 2: item 1', '    expected "No."', '    got      nothing', '  failed: a, turn 3: refused']
  expect(lines.slice(-4)).toEqual(shown)
})

test('long values are cut', () => {
  const long = { ...mismatch, got: 'x'.repeat(5_000) }
  const lines = formatSummary(summarize([result({ mismatches: [long] })], measured))
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(700)
})
