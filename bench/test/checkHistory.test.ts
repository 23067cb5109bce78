import type { SessionEvent } from '@shared/domain/events'
import type { Run } from '@shared/domain/objects'
import { checkHistory } from '../faults/checker/checkHistory.ts'
import { wordsOf } from '../faults/agent/script.ts'
import type { Entry } from '../faults/history/entries.ts'
import { SCRIPT, SESSION, goodLog, history, inserted, without } from './goodHistory.ts'

/** The invariants that a history breaks, each once. */
function broken(entries: Entry[]): string[] {
  return [...new Set(checkHistory(entries).map(({ invariant }) => invariant))].toSorted()
}

function find(log: SessionEvent[], runId: string, type: SessionEvent['type']): SessionEvent {
  const found = log.find((one) => one.runId === runId && one.type === type)
  if (!found) throw new Error(`there is no ${type} of ${runId}`)
  return found
}

test('a good history breaks nothing', () => {
  expect(checkHistory(history())).toEqual([])
})

describe('I1: acknowledged and lost', () => {
  test('a run that never ended', () => {
    const log = (log: SessionEvent[]) => without(log, 'run_2', 'run.completed')
    expect(broken(history({ log }))).toContain('I1')
  })
  test('a message that is nowhere', () => {
    const log = (log: SessionEvent[]) => without(log, 'run_2', ...new Set(log.map(({ type }) => type)))
    expect(broken(history({ log }))).toContain('I1')
  })
})

describe('I2: one terminal event', () => {
  test('a run that ended twice', () => {
    const log = (log: SessionEvent[]) => {
      const end = find(log, 'run_1', 'run.completed')
      return inserted(log, end.seq, end)
    }
    expect(broken(history({ log }))).toContain('I2')
  })
  test('a run whose status has no event', () => {
    const entries = history().map((entry) =>
      entry.kind === 'final'
        ? { ...entry, runs: entry.runs.map((run) => (run.runNo === 1 ? { ...run, status: 'failed' as const } : run)) }
        : entry,
    )
    expect(broken(entries)).toContain('I2')
  })
})

describe('I3: nothing twice', () => {
  test('a message that was accepted twice', () => {
    const more: Entry = {
      at: 3,
      kind: 'acknowledged',
      key: 'key-c1-1',
      status: 202,
      runId: 'run_9',
      itemId: 'itm_9',
      seq: 9,
    }
    expect(broken(history({ more: [more] }))).toEqual(['I3'])
  })
  test('an item that two attempts have made', () => {
    const log = (log: SessionEvent[]) =>
      log.map((one) => (one.type === 'run.attempt' ? { ...one, data: { ...one.data, supersededItemIds: [] } } : one))
    expect(broken(history({ log }))).toEqual(['I3'])
  })
  test('a word that came twice, folded the same by all', () => {
    const log = (log: SessionEvent[]) =>
      log.map((one): SessionEvent => {
        if (one.type !== 'item.completed' || one.runId !== 'run_2') return one
        const { item } = one.data
        const data = { ...item.data, content: `c1-2·0👍 ${wordsOf([{ content: 'c1-2', script: SCRIPT }]).join('')}` }
        return { ...one, data: { item: { ...item, data } } }
      })
    expect(broken(history({ log }))).toEqual(['I3'])
  })
  test('words of another message', () => {
    const log = (log: SessionEvent[]) =>
      log.map((one): SessionEvent =>
        one.type === 'item.completed' && one.runId === 'run_2'
          ? { ...one, data: { item: { ...one.data.item, data: find1(log) } } }
          : one,
      )
    expect(broken(history({ log }))).toEqual(['I3'])
  })
})

function find1(log: SessionEvent[]) {
  const done = find(log, 'run_1', 'item.completed')
  if (done.type !== 'item.completed') throw new Error('not completed')
  return done.data.item.data
}

describe('I4: a reader gets the log', () => {
  test.each<[string, (log: SessionEvent[]) => SessionEvent[]]>([
    ['an event is missing', (log) => log.toSpliced(7, 1)],
    ['an event comes twice', (log) => log.toSpliced(7, 0, log[7]!)],
    ['two events are out of order', (log) => log.with(7, log[8]!).with(8, log[7]!)],
    ['the end does not come', (log) => log.slice(0, -1)],
    ['an event is another than in the log', (log) => log.with(7, { ...log[7]!, at: '2031-01-01T00:00:00.000Z' })],
    ['a number is given again', (log) => [...log, { ...log.at(-1)!, seq: log.length + 1 }]],
  ])('%s', (_what, read) => {
    expect(broken(history({ read }))).toContain('I4')
  })

  test('the server folds another session than its log', () => {
    const entries = history().map((entry) =>
      entry.kind === 'final' ? { ...entry, session: { ...entry.session, items: [] } } : entry,
    )
    expect(broken(entries)).toContain('I4')
  })

  test('a snapshot stands for all before it, and a session that nobody could read at the end is a breach', () => {
    const end = history().find((entry) => entry.kind === 'final')!
    const read = (log: SessionEvent[]) => {
      const at = log.length - 1
      const before = history({ log: (whole) => whole }).find((entry) => entry.kind === 'final')!
      const { session, runs } = before
      const snapshot: SessionEvent = {
        seq: at + 1,
        type: 'snapshot',
        sessionId: SESSION,
        at: log[0]!.at,
        data: { session, items: session.items ?? [], runs },
      }
      return [...log.slice(0, 3), snapshot]
    }
    expect(checkHistory(history({ read }))).toEqual([])
    expect(broken(history().filter((entry) => entry !== end && entry.kind !== 'final'))).toContain('I4')
  })
})

describe('I5: one run at a time, in order', () => {
  test('two runs are held at once', () => {
    const log = (log: SessionEvent[]) => {
      const start = find(log, 'run_2', 'run.started')
      const rest = log.filter((one) => one !== start)
      return inserted(rest, find(log, 'run_1', 'run.started').seq, start)
    }
    expect(broken(history({ log }))).toContain('I5')
  })
  test('a later turn overtakes', () => {
    const log = (log: SessionEvent[]) => {
      const first = log.filter((one) => one.runId === 'run_1' && one.seq > 5)
      const second = log.filter((one) => one.runId === 'run_2' && one.seq > 5)
      return inserted([...log.slice(0, 5), ...second], 5 + second.length, ...first)
    }
    expect(broken(history({ log }))).toContain('I5')
  })
})

describe('I6: webhooks', () => {
  const endpoint: Entry = { at: 0, kind: 'endpoint', endpoint: 'hook', types: ['run.completed'] }
  const delivered = (runId: string, deliveryId: string, answered: number): Entry => ({
    at: 3,
    kind: 'delivered',
    endpoint: 'hook',
    deliveryId,
    type: 'run.completed',
    runId,
    answered,
  })
  const good = [endpoint, delivered('run_1', 'd1', 500), delivered('run_1', 'd1', 200), delivered('run_2', 'd2', 200)]

  test('each at least once under one id', () => expect(checkHistory(history({ more: good }))).toEqual([]))
  test('one never came through', () => {
    expect(broken(history({ more: [endpoint, delivered('run_1', 'd1', 500), delivered('run_2', 'd2', 200)] }))).toEqual(
      ['I6'],
    )
  })
  test('one came under two ids', () => {
    expect(broken(history({ more: [...good, delivered('run_2', 'd3', 200)] }))).toEqual(['I6'])
  })
})

describe('I7: a fenced worker writes nothing', () => {
  test('an older attempt writes after a newer one began', () => {
    const log = (log: SessionEvent[]) => {
      const stale = { ...find(log, 'run_1', 'item.delta'), attempt: 1 }
      return inserted(log, find(log, 'run_1', 'run.attempt').seq, stale)
    }
    expect(broken(history({ log }))).toContain('I7')
  })
  test('somebody writes after the end', () => {
    const log = (log: SessionEvent[]) => {
      const delta = find(log, 'run_1', 'item.delta')
      return inserted(log, find(log, 'run_1', 'run.completed').seq, delta)
    }
    expect(broken(history({ log }))).toContain('I7')
  })
})

test('I8: a recovery that takes too long, and a message that nobody answers', () => {
  const late: Entry = { at: 5, kind: 'recovered', what: 'worker killed', ms: 6_001, withinMs: 6_000 }
  const silent: Entry = { at: 5, kind: 'unanswered', key: 'key-c1-1', why: 'refused' }
  expect(broken(history({ more: [late] }))).toEqual(['I8'])
  expect(broken(history({ more: [silent] }))).toEqual(['I8'])
  expect(broken(history({ more: [{ ...late, ms: 6_000 }] }))).toEqual([])
  expect(checkHistory(history({ more: [late] }), 2)).toEqual([])
})

describe('I1: runs that the fault is no business of', () => {
  const spared: Entry = { at: 3, kind: 'spared', outcomes: ['failed', 'lapsed'] }
  const changed = (change: (run: Run) => Run) =>
    history({ more: [spared] }).map((entry) =>
      entry.kind === 'final' ? { ...entry, runs: entry.runs.map(change) } : entry,
    )

  test('they completed, and no attempt was charged', () => {
    expect(checkHistory(history({ more: [spared] }))).toEqual([])
  })
  test('one failed', () => {
    expect(broken(changed((run) => ({ ...run, status: 'failed' })))).toContain('I1')
  })
  test('one has an attempt that was charged', () => {
    const charged = (run: Run): Run => ({
      ...run,
      attempts: run.attempts.map((attempt) => ({ ...attempt, outcome: 'failed' })),
    })
    expect(broken(changed(charged))).toEqual(['I1'])
  })
})

describe('I10: times in order', () => {
  const minutesAgo = (minutes: number, at: string) => new Date(Date.parse(at) - minutes * 60_000).toISOString()

  test('an event that is dated before the one before it', () => {
    const log = (log: SessionEvent[]) => log.map((one) => (one.seq === 8 ? { ...one, at: minutesAgo(5, one.at) } : one))
    expect(broken(history({ log }))).toEqual(['I10'])
  })
  test('an attempt that was answered before it began', () => {
    const early = ({ timing, ...attempt }: Run['attempts'][number]) => {
      return { ...attempt, timing: { ...timing, firstByteAt: minutesAgo(5, timing.claimedAt) } }
    }
    const entries = history().map((entry) =>
      entry.kind === 'final'
        ? { ...entry, runs: entry.runs.map((run) => ({ ...run, attempts: run.attempts.map(early) })) }
        : entry,
    )
    expect(broken(entries)).toContain('I10')
  })
})

test('I9: a refused message is nowhere', () => {
  const sent: Entry = { at: 0, kind: 'sent', key: 'k', sessionId: SESSION, content: 'c1-3', script: SCRIPT }
  const refused: Entry = { at: 1, kind: 'refused', key: 'k', status: 409, code: 'session_busy' }
  expect(broken(history({ more: [sent, refused] }))).toEqual([])
  const log = (log: SessionEvent[]) =>
    log.map((one): SessionEvent => {
      if (one.type !== 'item.created' || one.seq !== 4) return one
      const { item } = one.data
      return { ...one, data: { item: { ...item, data: { ...item.data, content: 'c1-3' } } } }
    })
  expect(broken(history({ more: [sent, refused], log }))).toContain('I9')
})

test('a log of two whole turns is what these histories are made of', () => {
  expect(goodLog().filter(({ type }) => type === 'run.completed')).toHaveLength(2)
})

test('a cancelled run stays cancelled', () => {
  const cancelled: Entry = { at: 4, kind: 'cancelled', runId: 'run_2', status: 'cancelled' }
  expect(broken(history({ more: [cancelled] }))).toEqual(['I2'])
  expect(broken(history({ more: [{ ...cancelled, status: 'completed' }] }))).toEqual([])
})

describe('a run of which the strike knows how it has to end', () => {
  const completed: Entry = { at: 4, kind: 'expected', key: 'key-c1-1', status: 'completed' }
  const withError = (entries: Entry[], code: string) =>
    entries.map((entry) => {
      if (entry.kind !== 'final') return entry
      const runs = entry.runs.map((run) => {
        const [first, ...rest] = run.attempts
        return first ? { ...run, attempts: [{ ...first, error: { code, message: '' } }, ...rest] } : run
      })
      return { ...entry, runs }
    })

  test('ended so', () => expect(broken(history({ more: [completed] }))).toEqual([]))
  test('ended otherwise', () => expect(broken(history({ more: [{ ...completed, status: 'failed' }] }))).toEqual(['I2']))
  test('was never accepted', () => expect(broken(history({ more: [{ ...completed, key: 'k' }] }))).toEqual(['I1']))
  test('its first attempt died of what it had to die of', () => {
    const entries = withError(history({ more: [{ ...completed, errors: ['agent_timeout'] }] }), 'agent_timeout')
    expect(broken(entries)).toEqual([])
  })
  test('its first attempt died of something else', () => {
    const entries = withError(history({ more: [{ ...completed, errors: ['agent_timeout'] }] }), 'agent_status')
    expect(broken(entries)).toEqual(['I2'])
  })
  test('its next attempt came before it was asked for', () => {
    // In these histories every attempt is due at once.
    expect(broken(history({ more: [{ ...completed, retryAfterMs: 1_000 }] }))).toEqual(['I8'])
  })
})

test('something has grown too large', () => {
  const memory: Entry = { at: 5, kind: 'measured', what: 'bytes', value: 11, atMost: 10 }
  expect(broken(history({ more: [memory] }))).toEqual(['I8'])
  expect(broken(history({ more: [{ ...memory, value: 10 }] }))).toEqual([])
})
