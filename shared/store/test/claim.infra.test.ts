import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { readHistory } from '../history.ts'
import { markLapsedWorkers, removeWorker } from '../workers.ts'
import { expectSound } from './invariants.ts'
import { type TestEngine, bare, finish, startTestEngine, typesOf } from './testEngine.ts'

let engine: TestEngine
let worker: string
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())
beforeEach(async () => {
  await engine.clear()
  worker = await engine.newWorker()
})

const idsOf = (claims: readonly { run: { id: string } }[]) => claims.map((claimed) => claimed.run.id)

async function runsInSessions(count: number, priority = 0): Promise<string[]> {
  const runs: string[] = []
  for (let i = 0; i < count; i++) runs.push((await engine.say(await engine.newSession(), { priority })).runId)
  return runs
}

describe('a claim', () => {
  test('gives the worker what it needs to call the agent app, and says that the run has started', async () => {
    const sessionId = await engine.newSession()
    const { runId } = await engine.say(sessionId, { input: { content: 'hi' }, metadata: { a: 1 } })
    const [claimed] = await engine.claim(worker)
    expect(claimed).toMatchObject({
      run: {
        id: runId,
        runNo: 1,
        type: 'chat',
        epoch: 1,
        attempt: 1,
        leg: 0,
        failures: 0,
        version: '1.0.0',
        nextItemNo: 1,
        metadata: { a: 1 },
      },
      session: {
        id: sessionId,
        agent: 'eliza',
        metadata: {},
        state: null,
        endUser: { externalId: null, metadata: {} },
      },
      inputs: [{ content: 'hi' }],
    })
    expect(claimed!.run.deadlineAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(typesOf(claimed!.events)).toEqual(['run.started'])
    expect(claimed!.events).toMatchObject([
      { seq: 4, attempt: 1, data: { run: { status: 'running', attempts: [{ attempt: 1, outcome: 'running' }] } } },
    ])
    expect((await engine.log(sessionId)).slice(3)).toEqual(claimed!.events)
    await expectSound(engine, sessionId)
  })

  test('brings the newest items of earlier runs, and whether there are more', async () => {
    const sessionId = await engine.newSession()
    const take = async () => engine.take((await engine.say(sessionId)).runId)
    for (let turn = 1; turn <= tunables.claimedHistory; turn++) {
      const claimed = await take()
      const { items, whole } = claimed.history!
      const earlier = await readHistory(engine.db, sessionId, turn, 1_000)
      expect(items).toEqual(earlier.slice(-tunables.claimedHistory - 1))
      expect(whole).toBe(earlier.length <= tunables.claimedHistory)
      await finish(engine.db, claimed)
    }
  })

  test('leaves a history with a large item among the newest to be read', async () => {
    const sessionId = await engine.newSession()
    const content = randomBytes(2_000).toString('hex')
    await finish(engine.db, await engine.take((await engine.say(sessionId, { input: { content } })).runId))
    expect((await engine.take((await engine.say(sessionId)).runId)).history).toBeNull()
  })

  test('takes hinted runs first, then the highest class, then the longest due', async () => {
    const [oldest, old, hinted] = await runsInSessions(3)
    const [urgent] = await runsInSessions(1, 5)
    expect(idsOf(await engine.claim(worker, 1, [hinted!]))).toEqual([hinted])
    expect(idsOf(await engine.claim(worker, 2))).toEqual([urgent, oldest])
    expect(idsOf(await engine.claim(worker, 10))).toEqual([old])
    expect(await engine.claim(worker, 10)).toEqual([])
  })

  test('takes no more than its limit, of hints neither', async () => {
    const runs = await runsInSessions(5)
    expect(idsOf(await engine.claim(worker, 2, runs))).toHaveLength(2)
    expect(await engine.claim(worker, 0, runs)).toEqual([])
  })

  test('fills its limit with others when its hints are gone, blocked, unknown or named twice', async () => {
    const [gone, other, more] = await runsInSessions(3)
    await engine.take(gone!)
    const sessionId = await engine.newSession()
    const first = await engine.take((await engine.say(sessionId)).runId)
    const blocked = await engine.say(sessionId)
    const claims = await engine.claim(worker, 3, [gone!, blocked.runId, first.run.id, other!, other!])
    expect(idsOf(claims)).toEqual([other, more])
    await expectSound(engine, sessionId)
  })

  test('passes by the heads that somebody else has locked, at once, and fills its limit with others', async () => {
    const runs = await runsInSessions(6)
    const other = await engine.db.connect()
    try {
      await other.query('begin')
      const locked = runs.slice(0, 4).map(bare)
      await other.query(
        'select from session_heads where session_id in (select session_id from runs where id = any ($1)) for update',
        [locked],
      )
      // Hinted at what is locked, and with a limit that only those would fill.
      expect(idsOf(await engine.claim(worker, 2, runs.slice(0, 4)))).toEqual(runs.slice(4))
    } finally {
      await other.query('rollback')
      other.release()
    }
    expect(idsOf(await engine.claim(worker, 10))).toEqual(runs.slice(0, 4))
  })

  test('waits for the head of its hint when there is nothing else: a second message is just being accepted', async () => {
    const [runId] = await runsInSessions(1)
    const other = await engine.db.connect()
    await other.query('begin')
    await other.query('select from session_heads for no key update')
    const claim = engine.claim(worker, 5, [runId!])
    await engine.untilSomebodyWaits()
    await other.query('commit')
    other.release()
    expect(idsOf(await claim)).toEqual([runId])
  })

  test('with one hint finds it, however many messages come to its session at once', async () => {
    for (let round = 0; round < 5; round++) {
      const sessionId = await engine.newSession()
      const says = Array.from({ length: 20 }, async () => {
        const { ringAfterMs, runId } = await engine.say(sessionId)
        return ringAfterMs === 0 ? idsOf(await engine.claim(worker, 5, [runId])).includes(runId) : null
      })
      expect((await Promise.all(says)).filter((found) => found !== null)).toEqual([true])
      await expectSound(engine, sessionId)
    }
  })

  test('of ten workers at once on five hundred runs: each run is claimed exactly once', async () => {
    const sessions = await Promise.all(Array.from({ length: 250 }, () => engine.newSession()))
    const runs = (await Promise.all([...sessions, ...sessions].map((id) => engine.say(id)))).map(({ runId }) => runId)
    const claimedRuns: string[] = []
    async function work(): Promise<void> {
      const id = await engine.newWorker()
      for (let empty = 0; empty < 3;) {
        const claims = await engine.claim(id, 7, runs.slice(0, 20))
        claimedRuns.push(...idsOf(claims))
        const ends = await Promise.all(claims.map((claimed) => finish(engine.db, claimed)))
        expect(ends.every(({ outcome }) => outcome === 'ended')).toBe(true)
        empty = claims.length === 0 ? empty + 1 : 0
      }
    }
    await Promise.all(Array.from({ length: 10 }, work))
    expect(claimedRuns.toSorted()).toEqual(runs.toSorted())
    for (const sessionId of sessions.slice(0, 20)) await expectSound(engine, sessionId)
  })

  test('of ten workers at once leaves none empty-handed while there is enough for all', async () => {
    await Promise.all(Array.from({ length: 200 }, async () => engine.say(await engine.newSession())))
    const workers = await Promise.all(Array.from({ length: 10 }, () => engine.newWorker()))
    const claims = await Promise.all(workers.map((id) => engine.claim(id, 10)))
    expect(claims.map((claimed) => claimed.length)).toEqual(Array<number>(10).fill(10))
    expect(new Set(claims.flatMap(idsOf)).size).toBe(100)
  })
})

describe('a worker', () => {
  test('that was taken for dead gets nothing', async () => {
    const [runId] = await runsInSessions(1)
    await engine.rows(`update workers set lease_until = clock_timestamp() - interval '1 second'`)
    expect(await markLapsedWorkers(engine.db, 'expired')).toBe(1)
    expect(await engine.claim(worker, 10, [runId!])).toEqual([])
  })

  test('that has stopped, or was never registered, gets nothing', async () => {
    const [runId] = await runsInSessions(1)
    await removeWorker(engine.db, worker)
    expect(await engine.claim(worker, 10, [runId!])).toEqual([])
    expect(await engine.claim(worker.replace(/.$/, '0'), 10, [runId!])).toEqual([])
  })
})
