import { describe, expect, test } from '@jest/globals'
import type { RunStatus } from '../objects.ts'
import { RUN_TRANSITIONS, type RunTransition, isEnded } from '../runStates.ts'

const STATES: RunStatus[] = ['queued', 'running', 'paused', 'completed', 'failed', 'cancelled']

/** Each row: what happens, and where a run in each state comes by it (- : refused). */
const TABLE = `
  transition      queued     running    paused     completed  failed  cancelled
  claim           running    -          -          -          -       -
  claimQuarantined running   -          -          -          -       -
  append          -          running    -          -          -       -
  complete        -          completed  -          -          -       -
  fail            -          failed     -          -          -       -
  retry           -          queued     -          -          -       -
  lapse           -          queued     -          -          -       -
  giveBack        -          queued     -          -          -       -
  cancel          cancelled  cancelled  cancelled  -          -       -
  expireDeadline  failed     failed     -          -          -       -
  pause           -          paused     -          -          -       -
  resume          -          -          queued     -          -       -
  expirePause     -          -          failed     -          -       -
  handOver        -          running    -          -          -       -
  push            -          running    -          -          -       -
  endExternal     -          completed  -          -          -       -
  expireIdle      -          failed     -          -          -       -
  loseThirdWorker -          failed     -          -          -       -
  interrupt       cancelled  cancelled  cancelled  -          -       -
  rollback        cancelled  cancelled  cancelled  -          -       -
  merge           queued     -          -          -          -       -
  deleteSession   cancelled  cancelled  cancelled  -          -       -`

const rows = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((line) => line.trim().split(/\s+/))
const cases = rows.flatMap(([transition, ...targets]) =>
  STATES.map((from, i) => [from, transition!, targets[i]!] as const),
)

describe('the run state machine', () => {
  test('the table names every transition', () => {
    expect(rows.map(([transition]) => transition).toSorted()).toEqual(Object.keys(RUN_TRANSITIONS).toSorted())
  })

  test.each(cases)('%s, %s: %s', (from, transition, expected) => {
    const { from: starts, to } = RUN_TRANSITIONS[transition as RunTransition]
    expect(starts.includes(from) ? to : '-').toBe(expected)
  })

  test('an ended run never changes', () => {
    expect(STATES.filter(isEnded)).toEqual(['completed', 'failed', 'cancelled'])
    for (const { from } of Object.values(RUN_TRANSITIONS)) expect(from.some(isEnded)).toBe(false)
  })

  test('each live state can be left by force', () => {
    for (const state of STATES.filter((candidate) => !isEnded(candidate))) {
      expect(RUN_TRANSITIONS.cancel.from).toContain(state)
      const { from } = RUN_TRANSITIONS[state === 'paused' ? 'expirePause' : 'expireDeadline']
      expect(from).toContain(state)
    }
  })
})
