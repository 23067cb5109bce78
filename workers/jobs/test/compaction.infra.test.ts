import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { tunables } from '@shared/domain/tunables'
import { type Keeping, compact } from '../chores/compaction.ts'
import { age, floorOf, partitions } from '../../../shared/store/test/compacting.ts'
import {
  type TestEngine,
  append,
  bare,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  startTestEngine,
} from '../../../shared/store/test/testEngine.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { brokenOff, withStatements } from './withStatements.ts'
import { type World, startWorld } from './world.ts'

const HOUR = 3_600_000
const KEEPING: Keeping = { graceMs: tunables.compaction.grace, eventsMs: 24 * HOUR }

async function streamed(engine: TestEngine): Promise<string> {
  const sessionId = await engine.newSession()
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  const item = itemOf(claimed, 1, 'streaming')
  await append(engine.db, holdOf(claimed), created(item), grown(item, 'a'), grown(item, 'b'))
  await finish(engine.db, claimed)
  return sessionId
}

const left = async (engine: TestEngine) =>
  (
    await engine.rows<{ deltas: number; events: number }>(
      'select (select count(*)::int from session_deltas) as deltas, (select count(*)::int from session_events) as events',
    )
  )[0]

/** How many statements a compaction takes, each of which commits by itself. */
async function compactUpTo(engine: TestEngine, statements: number, when: 'before' | 'after'): Promise<number> {
  let sent = 0
  const db = withStatements(engine.db, async (_name, send) => {
    sent++
    if (sent === statements && when === 'before') return brokenOff()
    const result = await send()
    if (sent === statements) return brokenOff()
    return result
  })
  const tools = { db, log: pino({ level: 'silent' }) }
  await compact(tools, KEEPING, new AbortController().signal).catch(() => undefined)
  return sent
}

test('a compaction that breaks off between any two steps is made good by the next', async () => {
  const engine = await startTestEngine()
  try {
    const sessions: string[] = []
    let statements = Number.POSITIVE_INFINITY
    for (let broken = 1; broken <= statements; broken++) {
      sessions.push(await streamed(engine))
      await age(engine, 48)
      const when = broken % 2 === 0 ? 'before' : 'after'
      const sent = await compactUpTo(engine, broken, when)
      expect(sent).toBe(broken)
      statements = await compactUpTo(engine, 0, when)
      expect(await left(engine)).toEqual({ deltas: 0, events: 0 })
    }
    expect(sessions.length).toBeGreaterThan(5)
    for (const sessionId of sessions) expect(await floorOf(engine, sessionId)).toBeGreaterThan(0)
  } finally {
    await engine.close()
  }
})

let world: World
beforeAll(async () => {
  world = await startWorld('postgres')
})
beforeEach(() => world.engine.rows('update log_retention set ended_at = default, run_id = default'))
afterEach(() => world.clear())
afterAll(() => world.close())

test('the reconciler compacts beside its rounds: one that has to wait keeps nothing else from being done', async () => {
  const { engine } = world
  const old = await streamed(engine)
  await age(engine, 24 * 40)
  const compacted = await partitions(engine)
  const holder = await engine.db.connect()
  await holder.query('begin')
  await holder.query('lock table log_retention in access exclusive mode')
  await world.startWorker()
  const reconciler = world.startReconciler()
  await engine.untilSomebodyWaits()
  // nobody was told of it: the next round rings
  expect(await world.ended((await world.accept(await engine.newSession())).runId)).toMatchObject({
    status: 'completed',
  })
  expect((await partitions(engine)).length).toBeLessThan(compacted.length)
  await holder.query('rollback')
  holder.release()
  await eventually(async () => {
    const rows = await engine.rows('select from session_events where session_id = $1', bare(old))
    return rows.length === 0
  })
  expect(await floorOf(engine, old)).toBeGreaterThan(0)
  await reconciler.stop()
})
