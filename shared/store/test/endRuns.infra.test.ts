import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import type { ClaimedRun } from '../claimRuns.ts'
import { type SealedEnd, endRuns, sealEnd } from '../endRuns.ts'
import { listDeliveries } from '../deliveries.ts'
import { type RunEnd, appendEvents } from '../runTransitions.ts'
import { createWebhookEndpoint } from '../webhookEndpoints.ts'
import { expectSound } from './invariants.ts'
import {
  ERROR,
  type TestEngine,
  completed,
  created,
  grown,
  holdOf,
  itemOf,
  requeue,
  startTestEngine,
  typesOf,
} from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())
beforeEach(() => engine.clear())

/** Runs of as many sessions, claimed by one worker. */
async function running(count: number): Promise<ClaimedRun[]> {
  for (let i = 0; i < count; i++) await engine.say(await engine.newSession())
  return engine.claim(await engine.newWorker(), count)
}

/** An end with an output that was streamed and not appended. */
function endOf(claimed: ClaimedRun, more: Partial<RunEnd> = {}): SealedEnd {
  const output = itemOf(claimed, claimed.run.nextItemNo, 'complete', 'output', 'hi')
  const { sessionId, runId, epoch } = holdOf(claimed)
  const shown = { ...output, kind: 'step' as const, status: 'streaming' as const, data: { content: '' } }
  return sealEnd({
    sessionId,
    runId,
    status: 'completed',
    items: [output],
    events: [created(shown), grown(shown, 'hi'), completed(output)],
    attempt: { outcome: 'completed' },
    ...more,
    right: { epoch },
  })
}

const outcomesOf = async (ends: SealedEnd[]) => (await endRuns(engine.db, ends)).map(({ outcome }) => outcome)

describe('runs that end together', () => {
  test('are told as they stand in the logs, each with its own end', async () => {
    const [one, two, three] = await running(3)
    const failed = { status: 'failed' as const, error: ERROR, items: [], events: [], usage: { inputTokens: 3 } }
    const ends = [endOf(one!), endOf(two!, failed), endOf(three!, { usage: { outputTokens: 2 } })]
    const outcomes = await endRuns(engine.db, ends)
    for (const [index, { end }] of ends.entries()) {
      const outcome = outcomes[index]!
      if (outcome.outcome !== 'ended') throw new Error(outcome.outcome)
      expect(outcome.nextRunId).toBeNull()
      expect((await engine.log(end.sessionId)).slice(-outcome.events.length)).toEqual(outcome.events)
      expect(outcome.events.at(-1)).toMatchObject({
        type: `run.${end.status}`,
        data: { run: await engine.run(end.runId) },
      })
      await expectSound(engine, end.sessionId)
    }
    expect(typesOf(await engine.log(ends[0]!.end.sessionId)).slice(-4)).toEqual([
      'item.created',
      'item.delta',
      'item.completed',
      'run.completed',
    ])
    expect(await engine.run(two!.run.id)).toMatchObject({ status: 'failed', error: ERROR, usage: { inputTokens: 3 } })
  })

  test('let the next runs of their sessions start', async () => {
    const claimed = await running(3)
    const next = await Promise.all(claimed.slice(1).map(({ session }) => engine.say(session.id)))
    const outcomes = await endRuns(
      engine.db,
      claimed.map((run) => endOf(run)),
    )
    expect(outcomes).toMatchObject([null, ...next.map(({ runId }) => runId)].map((nextRunId) => ({ nextRunId })))
    const more = await engine.claim(await engine.newWorker(), 5)
    expect(more.map(({ run }) => run.id).toSorted()).toEqual(next.map(({ runId }) => runId).toSorted())
    for (const { session } of claimed) await expectSound(engine, session.id)
  })

  test('are held up by none that was fenced, has ended or is gone', async () => {
    const [fenced, ended, gone, well] = await running(4)
    await requeue(engine.db, holdOf(fenced!), 'lapsed')
    await endRuns(engine.db, [endOf(ended!)])
    const absent = endOf({ ...gone!, session: { ...gone!.session, id: newId('session') } })
    expect(await outcomesOf([endOf(fenced!), endOf(ended!), absent, endOf(well!)])).toEqual([
      'fenced',
      'fenced',
      'absent',
      'ended',
    ])
    expect(await engine.run(fenced!.run.id)).toMatchObject({ status: 'queued' })
    for (const { session } of [fenced!, ended!, well!]) await expectSound(engine, session.id)
  })

  test('may set state and metadata, beside others that do not', async () => {
    const [plain, stateful, described] = await running(3)
    const ends = [endOf(plain!), endOf(stateful!, { state: null }), endOf(described!, { metadata: { a: 1 } })]
    const outcomes = await endRuns(engine.db, ends)
    const types = outcomes.map((outcome) => (outcome.outcome === 'ended' ? typesOf(outcome.events).slice(-2) : []))
    expect(types).toEqual([
      ['item.completed', 'run.completed'],
      ['state.updated', 'run.completed'],
      ['session.updated', 'run.completed'],
    ])
    for (const [index, { end }] of ends.entries()) {
      const outcome = outcomes[index]!
      expect(outcome).toMatchObject({ events: (await engine.log(end.sessionId)).slice(3 + 1) })
      await expectSound(engine, end.sessionId)
    }
  })

  test('tell all attempts of one that was tried before', async () => {
    const [first, other] = await running(2)
    await requeue(engine.db, holdOf(first!), 'failed')
    const second = await engine.take(first!.run.id)
    const outcomes = await endRuns(engine.db, [endOf(other!), endOf(second)])
    expect(outcomes[1]).toMatchObject({ outcome: 'ended' })
    const { attempts } = await engine.run(second.run.id)
    expect(attempts).toMatchObject([{ outcome: 'failed' }, { outcome: 'completed' }])
    expect((await engine.log(second.session.id)).at(-1)).toMatchObject({ data: { run: { attempts } } })
  })

  test('all fail, and none is changed, when Postgres refuses one of them', async () => {
    const [well, wrong] = await running(2)
    const unstorable = { ...itemOf(wrong!, 1, 'complete', 'output'), data: { content: 'a\0b' } }
    const ends = [endOf(well!), endOf(wrong!, { items: [unstorable] })]
    await expect(endRuns(engine.db, ends)).rejects.toMatchObject({ severity: 'ERROR' })
    expect((await engine.run(well!.run.id)).status).toBe('running')
    expect(await outcomesOf([ends[0]!])).toEqual(['ended'])
    await expectSound(engine, well!.session.id)
  })

  test('are each delivered to the endpoints of their organization', async () => {
    const endpointId = newId('webhookEndpoint')
    const endpoint = { id: endpointId, url: 'http://127.0.0.1:1/', events: ['run.completed' as const] }
    const { organizationId } = engine
    await createWebhookEndpoint(engine.db, { ...endpoint, organizationId, description: null, secret: 'sealed' })
    const claimed = await running(3)
    await outcomesOf(claimed.map((run) => endOf(run)))
    const deliveries = await listDeliveries(engine.db, endpointId, null, null, { limit: 10, order: 'asc' })
    expect(deliveries.map(({ sessionId, seq }) => `${sessionId} ${seq}`).toSorted()).toEqual(
      claimed.map(({ session }) => `${session.id} 8`).toSorted(),
    )
    await engine.rows('truncate webhook_endpoints, deliveries')
  })
})

describe('locks', () => {
  test('a batch waits for a head that somebody else has locked, and then ends its run as it is found', async () => {
    const [one, two] = await running(2)
    const other = await engine.db.connect()
    await other.query('begin')
    await other.query('select from session_heads for no key update')
    const ending = outcomesOf([endOf(one!), endOf(two!)])
    await engine.untilSomebodyWaits()
    await other.query('commit')
    other.release()
    expect(await ending).toEqual(['ended', 'ended'])
  })

  test('batches of ends, appends, claims and messages on the same sessions never wait crosswise', async () => {
    for (let round = 0; round < 15; round++) {
      const claimed = await running(8)
      const late = claimed.map((run) => ({ ...run, run: { ...run.run, epoch: 0 } }))
      const words = claimed.map((run) => ({ ...holdOf(run), events: [created(itemOf(run, 1, 'streaming'))] }))
      const worker = await engine.newWorker()
      await Promise.all([
        endRuns(
          engine.db,
          late.map((run) => endOf(run)),
        ),
        appendEvents(engine.db, words.toReversed()),
        endRuns(
          engine.db,
          claimed.toReversed().map((run) => endOf(run)),
        ),
        ...claimed.map(({ session }) => engine.say(session.id)),
        engine.claim(worker, 8),
        endRuns(
          engine.db,
          late.toReversed().map((run) => endOf(run)),
        ),
      ])
      for (const { session } of claimed) await expectSound(engine, session.id)
      await engine.clear()
    }
  })
})
