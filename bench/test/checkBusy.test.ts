import type { OnBusy } from '@shared/domain/agents'
import type { SessionEvent } from '@shared/domain/events'
import { inputOf } from '../faults/agent/script.ts'
import { checkBusy } from '../faults/checker/checkBusy.ts'
import { readHistory } from '../faults/checker/readHistory.ts'
import type { Entry } from '../faults/history/entries.ts'
import { SCRIPT, SESSION, event, item, run } from './goodHistory.ts'

type Step = (seq: number) => SessionEvent

const input =
  (no: number, itemNo = 1): Step =>
  (seq) =>
    event(seq, 'item.created', { item: item(no, itemNo, 'input', 'complete', inputOf('any', SCRIPT)) }, of(no))
const started =
  (no: number): Step =>
  (seq) =>
    event(seq, 'run.started', { run: run(no, 'running', 1) }, of(no))
const completed =
  (no: number): Step =>
  (seq) =>
    event(seq, 'run.completed', { run: run(no, 'completed', 1) }, of(no))
const interrupted =
  (no: number): Step =>
  (seq) => {
    const error = { code: 'interrupted', message: 'A newer message took its place.' }
    return event(seq, 'run.cancelled', { run: { ...run(no, 'cancelled', 1), error } }, of(no))
  }
const hidden =
  (no: number, ...itemNos: number[]): Step =>
  (seq) =>
    event(seq, 'items.hidden', { reason: 'rolled_back', itemIds: itemNos.map((it) => `itm_${no}_${it}`) }, of(no))

function of(no: number) {
  return { runId: `run_${no}` }
}

/** The invariants that a log breaks in which `itemId` became of a message with `onBusy`. */
function broken(onBusy: OnBusy, itemId: string, ...steps: Step[]): string[] {
  const events = steps.map((step, index) => step(index + 1))
  const runId = `run_${itemId.split('_')[1]}`
  // What is looked at of the end is its log alone.
  const final = { at: 9, kind: 'final', sessionId: SESSION, events, session: {}, runs: [] } as unknown as Entry
  const entries: Entry[] = [
    { at: 0, kind: 'sent', key: 'k', sessionId: SESSION, content: 'any', script: SCRIPT, onBusy },
    { at: 1, kind: 'acknowledged', key: 'k', status: 202, runId, itemId, seq: 1 },
    final,
  ]
  return checkBusy(readHistory(entries)).map(({ invariant }) => invariant)
}

const busy = [input(1), started(1)]

test.each<[OnBusy, string, Step[], string[]]>([
  ['enqueue', 'stands behind another', [...busy, input(2)], []],
  ['reject', 'came when all had ended', [...busy, completed(1), input(2)], []],
  ['reject', 'was accepted beside another', [...busy, input(2)], ['I5']],
  ['interrupt', 'ended the other', [...busy, interrupted(1), input(2)], []],
  ['interrupt', 'left the other alive', [...busy, input(2)], ['I5']],
  ['interrupt', 'hid what was shown', [...busy, hidden(1, 1), interrupted(1), input(2)], ['I3']],
  ['rollback', 'took all back', [...busy, hidden(1, 1), interrupted(1), input(2)], []],
  ['rollback', 'left something', [...busy, interrupted(1), input(2)], ['I3']],
  ['merge', 'joined one that waits', [...busy, input(2), input(2, 2)], []],
  ['merge', 'joined one that had begun', [...busy, completed(1), input(2), started(2), input(2, 2)], ['I3']],
])('%s %s', (onBusy, _what, steps, expected) => {
  const itemId = onBusy === 'merge' ? 'itm_2_2' : 'itm_2_1'
  expect(broken(onBusy, itemId, ...steps)).toEqual(expected)
})

test.each<[OnBusy, string, number]>([
  ['reject', 'session_busy', 0],
  ['reject', 'not_found', 1],
  ['enqueue', 'session_busy', 1],
])('%s refused with %s', (onBusy, code, violations) => {
  const entries: Entry[] = [
    { at: 0, kind: 'sent', key: 'k', sessionId: SESSION, content: 'any', script: SCRIPT, onBusy },
    { at: 1, kind: 'refused', key: 'k', status: 409, code },
  ]
  expect(checkBusy(readHistory(entries))).toHaveLength(violations)
})
