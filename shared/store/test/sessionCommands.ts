import { expect } from '@jest/globals'
import { ON_BUSY } from '@shared/domain/agents'
import { foldSession } from '@shared/domain/foldSession'
import fc from 'fast-check'
import { readSnapshot } from '../readSnapshot.ts'
import { expectSound } from './invariants.ts'
import { CALLS } from './legs.ts'
import type { ModelledSession, RealHold } from './modelledSession.ts'
import type { ModelHold, ModelRun, SessionModel } from './sessionModel.ts'
import { ERROR, bare, textOf } from './testEngine.ts'

interface Choice {
  /** Which of several. */
  a: number
  b: number
}

/** What the model says of a verb, and what the engine answers; null: it makes no sense here. */
type Try = [expected: string, actual: Promise<string>] | null

/** A session and its model, driven with the same verbs. */
export class Both {
  private count = 0
  readonly model: SessionModel
  readonly session: ModelledSession

  constructor(model: SessionModel, session: ModelledSession) {
    this.model = model
    this.session = session
  }

  text(): string {
    return `${++this.count}.`
  }

  /** Most often the last claim; any earlier one is a worker that has been fenced. */
  hold({ a }: Choice): { model: ModelHold; real: RealHold } | null {
    const { holds } = this.model
    const at = holds.length - 1 - (a % 4 === 0 ? a % Math.max(holds.length, 1) : 0)
    return holds[at] ? { model: holds[at], real: this.session.holds[at]! } : null
  }

  /** Most often the oldest that lives. */
  run({ a }: Choice): { model: ModelRun; id: string } | null {
    const { runs, live } = this.model
    const model = a % 3 > 0 ? (live[0] ?? runs.at(-1)) : runs[a % Math.max(runs.length, 1)]
    return model ? { model, id: this.session.runs[runs.indexOf(model)]! } : null
  }

  last(): { model: ModelRun; id: string } | null {
    const model = this.model.runs.at(-1)
    return model ? { model, id: this.session.runs.at(-1)! } : null
  }
}

const stateOf = ({ b }: Choice): number | null => (b % 3 === 0 ? b : null)
const endOf = ({ b }: Choice) =>
  b % 4 === 0 ? { status: 'failed' as const, error: ERROR } : { status: 'completed' as const }
const WAITS = ['end', 'resume', 'push'] as const

function answersOf({ b }: Choice): Record<string, string> {
  const said = b % 10 === 9 ? 'something else' : 'yes'
  const calls = CALLS.map(({ callId }) => callId).filter((_, index) => b % 4 > 1 || b % 2 === index)
  return Object.fromEntries(calls.map((callId) => [callId, said]))
}

const say =
  (onBusy: (typeof ON_BUSY)[number]) =>
  ({ model, session }: Both, text: string): Try => [model.say(onBusy, text), session.say(onBusy, text)]

type Verb = (both: Both, text: string, choice: Choice) => Try

const ofHold =
  (verb: (both: Both, hold: { model: ModelHold; real: RealHold }, choice: Choice, text: string) => Try): Verb =>
  (both, text, choice) => {
    const hold = both.hold(choice)
    return hold && verb(both, hold, choice, text)
  }

const ofRun =
  (verb: (both: Both, run: { model: ModelRun; id: string }, choice: Choice, text: string) => Try): Verb =>
  (both, text, choice) => {
    const run = both.run(choice)
    return run && verb(both, run, choice, text)
  }

const write = (status: 'streaming' | 'complete') =>
  // Nobody writes what it has handed over.
  ofHold(({ model, session }, hold, _choice, text) =>
    hold.model.run.owner === 'external'
      ? null
      : [model.write(hold.model, text, status), session.write(hold.real, text, status)],
  )

const requeue = (reason: 'failed' | 'lapsed' | 'drained') =>
  ofHold(({ model, session }, hold, { b }) => {
    const due = b % 3 > 0
    return [model.requeue(hold.model, reason, due), session.requeue(hold.real, reason, due)]
  })

const end = (status: 'completed' | 'failed') =>
  ofHold(({ model, session }, hold, choice) => {
    const state = stateOf(choice)
    return [model.end(hold.model, status, state), session.end(hold.real, status, state)]
  })

const VERBS: Record<string, Verb> = {
  ...Object.fromEntries(ON_BUSY.map((onBusy) => [onBusy, say(onBusy)])),
  claim: ({ model, session }) => [model.claim('ordinary'), session.claim('ordinary')],
  claimQuarantined: ({ model, session }) => [model.claim('quarantine'), session.claim('quarantine')],
  open: write('streaming'),
  whole: write('complete'),
  grow: ofHold(({ model, session }, hold, { b }) => {
    const open = hold.real.made.filter((item) => item.status === 'streaming')
    const item = open[b % Math.max(open.length, 1)]
    if (!item) return null
    const known = textOf(item)
    return [model.grow(hold.model, known, '+'), session.grow(hold.real, known, '+')]
  }),
  finish: end('completed'),
  fail: end('failed'),
  retry: requeue('failed'),
  lapse: requeue('lapsed'),
  giveBack: requeue('drained'),
  loseThirdWorker: ofHold(({ model, session }, hold) => [
    model.loseThirdWorker(hold.model),
    session.loseThirdWorker(hold.real),
  ]),
  pause: ofHold(({ model, session }, hold, choice, text) => {
    const state = stateOf(choice)
    return [model.pause(hold.model, text, state), session.pause(hold.real, text, state)]
  }),
  resume: ofRun(({ model, session }, run, choice) => {
    const { pauses } = run.model
    const id = pauses.at(choice.a % 5 === 0 ? choice.b % Math.max(pauses.length, 1) : -1)?.id ?? 'no such pause'
    const answers = answersOf(choice)
    return [model.resume(run.model, id, answers, CALLS.length), session.resume(run.id, id, answers)]
  }),
  handOver: ofHold(({ model, session }, hold) =>
    hold.real.made.length > 0 ? null : [model.handOver(hold.model), session.handOver(hold.real)],
  ),
  begin: ({ model, session }, text, choice) => {
    const input = choice.a % 2 === 0 ? `input of ${text}` : null
    const over = choice.a % 3 === 0 ? endOf(choice) : null
    const state = stateOf(choice)
    return [model.begin(input, text, state, over?.status ?? null), session.begin(input, text, state, over)]
  },
  push: ofRun(({ model, session }, run, choice, text) => {
    const epoch = choice.b % 2 === 0 ? null : run.model.epoch - (choice.b % 10 === 9 ? 1 : 0)
    const [item, state] = [choice.b % 4 === 0 ? null : text, stateOf(choice)]
    return [model.push(run.model, epoch, item, state), session.push(run.id, epoch, item, state)]
  }),
  endExternal: ofRun(({ model, session }, run, choice, text) => {
    const epoch = choice.b % 2 === 0 ? null : run.model.epoch - (choice.b % 10 === 9 ? 1 : 0)
    const [item, over] = [choice.b % 3 === 0 ? null : text, endOf(choice)]
    return [model.endExternal(run.model, epoch, item, over.status), session.endExternal(run.id, epoch, item, over)]
  }),
  cancel: ofRun(({ model, session }, run) => [model.cancel(run.model), session.cancel(run.id)]),
  expire: ofRun(({ model, session }, run, { b }) => {
    const waitsFor = WAITS[b % WAITS.length]!
    return [model.expire(run.model, waitsFor), session.expire(run.id, waitsFor)]
  }),
  retryByPerson: (both) => {
    const run = both.last()
    return run && [both.model.retryByPerson(run.model), both.session.retryByPerson(run.id)]
  },
  deleteSession: ({ model, session }) => [model.deleteSession(), session.deleteSession()],
  passTime: ({ model, session }) => {
    for (const run of model.live) run.due = true
    return ['later', session.passTime()]
  },
}

/** How often each verb is chosen beside the others, unless once. */
const OFTEN: Record<string, number> = {
  ...{ enqueue: 2, claim: 8, claimQuarantined: 8, resume: 8, push: 4, endExternal: 2, passTime: 4 },
  ...{ open: 4, whole: 3, grow: 4, finish: 2, pause: 4, lapse: 2, begin: 3, retryByPerson: 3 },
}

const runs = (run?: ModelRun) => run?.status === 'running' && run.owner === 'worker'
const waits = (run?: ModelRun) => run?.status === 'queued' && run.due
const outside = (run?: ModelRun) => run?.owner === 'external'
const ofWorkers = ['open', 'whole', 'grow', 'finish', 'fail', 'retry', 'lapse', 'giveBack', 'pause', 'handOver']

/** In which state of the oldest live run a verb is more than refused. */
const FITS: Record<string, (next?: ModelRun) => boolean> = {
  ...Object.fromEntries([...ofWorkers, 'loseThirdWorker'].map((verb) => [verb, runs])),
  claim: (next) => waits(next) && next!.lapses < 2,
  claimQuarantined: (next) => waits(next) && next!.lapses >= 2,
  resume: (next) => next?.status === 'paused',
  push: outside,
  endExternal: outside,
  begin: (next) => next === undefined,
  retryByPerson: (next) => next === undefined,
  passTime: (next) => next?.status === 'queued' && !next.due,
}

/** What makes sessions short, or is refused by most. */
const RARE = ['interrupt', 'rollback', 'reject', 'loseThirdWorker', 'expire', 'deleteSession']

const all = Object.keys(VERBS).flatMap((verb) => Array.from({ length: OFTEN[verb] ?? 1 }, () => verb))

/** Does one verb: most often one that fits where the session stands. */
class Command implements fc.AsyncCommand<Both, Both> {
  private readonly choice: Choice & { verb: number }
  private did = 'nothing'

  constructor(choice: Choice & { verb: number }) {
    this.choice = choice
  }

  check({ model }: Both): boolean {
    return !model.gone
  }

  async run(both: Both): Promise<void> {
    const { a } = this.choice
    const next = both.model.live[0]
    const fits = (verb: string) => FITS[verb]?.(next) ?? (a % 3 === 0 || !RARE.includes(verb))
    const fitting = this.choice.verb % 6 === 0 ? all : all.filter(fits)
    const verb = fitting[this.choice.verb % fitting.length]!
    this.did = `${verb}(${this.choice.a}, ${this.choice.b})`
    const tried = VERBS[verb]!(both, both.text(), this.choice)
    if (tried === null) return
    const [expected, actual] = tried
    expect(await actual).toBe(expected)
    await (both.model.gone ? expectGone(both) : expectAgreement(both))
  }

  toString(): string {
    return this.did
  }
}

export const commands = (max: number): fc.Arbitrary<Iterable<fc.AsyncCommand<Both, Both>>> =>
  fc.commands([fc.record({ verb: fc.nat(9_999), a: fc.nat(99), b: fc.nat(99) }).map((choice) => new Command(choice))], {
    maxCommands: max,
    size: 'max',
  })

/** The rows, what is shown, the state and the log's fold are those of the model. */
async function expectAgreement(both: Both): Promise<void> {
  const { model, session } = both
  const { engine, sessionId } = session
  await expectRuns(both)
  const snapshot = (await readSnapshot(engine.db, sessionId))!
  expect(snapshot.items.map((item) => [item.runNo, textOf(item), item.kind, item.status])).toEqual(
    model.runs.flatMap((run, index) => run.items.map(({ text, kind, status }) => [index + 1, text, kind, status])),
  )
  expect(snapshot.session.state).toBe(model.state)
  const view = foldSession(await engine.log(sessionId))
  expect(view.items).toEqual(snapshot.items)
  expect(view.state).toBe(model.state)
  expect(view.runs.map(({ status, leg }) => ({ status, leg }))).toEqual(
    model.runs.map(({ status, leg }) => ({ status, leg })),
  )
  await expectSound(engine, sessionId)
}

async function expectRuns({ model, session }: Both): Promise<void> {
  const rows = await session.engine.rows(
    `select status, epoch, attempt, leg, failures, lapses, owner from runs where session_id = $1 order by run_no`,
    bare(session.sessionId),
  )
  expect(rows).toEqual(
    model.runs.map(({ status, epoch, attempt, leg, failures, lapses, owner }) => {
      return { status, epoch, attempt, leg, failures, lapses, owner }
    }),
  )
}

/** Nobody finds it, and whoever had claimed one of its runs changes nothing. */
async function expectGone(both: Both): Promise<void> {
  const { engine, sessionId, holds } = both.session
  await expectRuns(both)
  expect(await readSnapshot(engine.db, sessionId)).toBeNull()
  for (const hold of holds) expect(await both.session.end(hold, 'completed', null)).toBe('absent')
  expect(await both.session.say('enqueue', 'anybody there')).toBe('absent')
  await expectRuns(both)
}
