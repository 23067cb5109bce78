import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RunStatus } from '@shared/domain/objects'
import { RUN_TRANSITIONS } from '@shared/domain/runStates'
import { expectSound } from './invariants.ts'
import { STATES, TRANSITIONS, rowsOf } from './subjects.ts'
import { type TestEngine, startTestEngine } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

/** What each transition answers in these states, and the status after it; without one the run's row is as it was. */
const TABLE = `
  queued resumed -> claim: claimed, running
  others -> claim: nothing
  quarantined -> claimQuarantined: claimed, running
  others -> claimQuarantined: nothing
  running lastChance external -> append: appended, running
  others -> append: fenced
  running lastChance -> complete: ended, completed
  others -> complete: fenced
  running lastChance -> fail: ended, failed
  others -> fail: fenced
  running lastChance -> pause: paused, paused
  others -> pause: fenced
  running lastChance external -> handOver: handed_over, running
  others -> handOver: fenced
  running lastChance -> retry: requeued, queued
  others -> retry: fenced
  running lastChance -> lapse: requeued, queued
  others -> lapse: fenced
  running lastChance -> giveBack: requeued, queued
  others -> giveBack: fenced
  running lastChance -> loseThirdWorker: ended, failed
  completed failed cancelled -> loseThirdWorker: already_ended
  others -> loseThirdWorker: fenced
  paused -> resume: resumed, queued
  resumed -> resume: waiting
  others -> resume: not_paused
  external -> push: pushed, running
  running lastChance -> push: not_external
  others -> push: run_ended
  external -> endExternal: ended, completed
  completed failed cancelled -> endExternal: already_ended
  others -> endExternal: not_external
  completed failed cancelled -> cancel: already_ended
  others -> cancel: ended, cancelled
  queued running waiting resumed quarantined lastChance -> expireDeadline: ended, failed
  others -> expireDeadline: not_overdue
  paused -> expirePause: ended, failed
  others -> expirePause: not_overdue
  external -> expireIdle: ended, failed
  others -> expireIdle: not_overdue
  completed failed cancelled -> interrupt: untouched
  others -> interrupt: cancelled, cancelled
  completed failed cancelled -> rollback: untouched
  others -> rollback: cancelled, cancelled
  queued blocked -> merge: joined, queued
  others -> merge: untouched
  completed failed cancelled -> deleteSession: untouched
  others -> deleteSession: cancelled, cancelled
  completed failed cancelled -> retryByPerson: accepted
  others -> retryByPerson: busy`

/** Of these the session knows all the same: a message came to it, or it is gone. */
const ACCEPTED = ['untouched', 'accepted']

interface Cell {
  state: string
  transition: string
  answer: string
  /** Undefined: as before. */
  status: RunStatus | undefined
}

const ROW = /^\s*(?<states>[\w ]+) -> (?<transition>\w+): (?<answer>\w+)(, (?<status>\w+))?$/
const cells = TABLE.trim()
  .split('\n')
  .reduce<Cell[]>((known, line) => {
    const { states, transition, answer, status } = ROW.exec(line)!.groups as Record<string, string>
    const taken = known.filter((cell) => cell.transition === transition).map((cell) => cell.state)
    const named =
      states === 'others' ? Object.keys(STATES).filter((state) => !taken.includes(state)) : states!.split(' ')
    const cellOf = (state: string) => ({ state, transition, answer, status }) as Cell
    return [...known, ...named.map(cellOf)]
  }, [])

const statusOf = (state: string): RunStatus => {
  if (['blocked', 'waiting', 'resumed', 'quarantined'].includes(state)) return 'queued'
  // The names of the others are those of the statuses.
  return state === 'external' || state === 'lastChance' ? 'running' : (state as RunStatus)
}

test('the table has every state and every transition once', () => {
  const all = Object.keys(TRANSITIONS).flatMap((transition) =>
    Object.keys(STATES).map((state) => `${state} -> ${transition}`),
  )
  expect(cells.map(({ state, transition }) => `${state} -> ${transition}`).toSorted()).toEqual(all.toSorted())
})

describe('each transition in each state', () => {
  test.each(cells)('$state -> $transition: $answer, $status', async ({ state, transition, answer, status }) => {
    const subject = await STATES[state]!(engine)
    const before = await rowsOf(engine, subject.runId)
    expect(await TRANSITIONS[transition]!(engine, subject)).toBe(answer)
    const after = await rowsOf(engine, subject.runId)
    expect(after.status).toBe(status ?? statusOf(state))
    if (status === undefined) expect(after.run).toBe(before.run)
    if (status === undefined && !ACCEPTED.includes(answer)) expect(after.head).toBe(before.head)
    await expectSound(engine, subject.sessionId)
  })
})

describe('the state machine of shared/domain says the same', () => {
  test.each(Object.entries(RUN_TRANSITIONS))('%s', (transition, { from, to }) => {
    const taken = cells.filter((cell) => cell.transition === transition && cell.status !== undefined)
    expect([...new Set(taken.map((cell) => statusOf(cell.state)))].toSorted()).toEqual(from.toSorted())
    expect([...new Set(taken.map((cell) => cell.status))]).toEqual([to])
  })
})
