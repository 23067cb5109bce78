import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { ensureDeltaPartitions } from '../dueRuns.ts'
import {
  type TestEngine,
  append,
  bare,
  created,
  grown,
  holdOf,
  itemOf,
  startTestEngine,
  typesOf,
} from './testEngine.ts'

let engine: TestEngine
beforeEach(async () => {
  engine = await startTestEngine()
})
afterEach(() => engine.close())

async function partitions(): Promise<string[]> {
  const rows = await engine.rows<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'session_deltas'::regclass order by 1`,
  )
  return rows.map((row) => row.name)
}

async function streamOne(): Promise<string> {
  const sessionId = await engine.newSession()
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  const item = itemOf(claimed, 1, 'streaming')
  await append(engine.db, holdOf(claimed), created(item), grown(item, 'a'))
  return sessionId
}

async function tableOfDelta(sessionId: string): Promise<string> {
  const [row] = await engine.rows<{ name: string }>(
    'select tableoid::regclass::text as name from session_deltas where session_id = $1',
    bare(sessionId),
  )
  return row!.name
}

test('a fresh database has partitions for this hour and the next ones; more are made on demand, once', async () => {
  const first = await partitions()
  expect(first.length).toBeGreaterThanOrEqual(4)
  await ensureDeltaPartitions(engine.db, 6)
  const more = await partitions()
  expect(more).toEqual(expect.arrayContaining(first))
  expect(more.length).toBeGreaterThanOrEqual(8)
  await ensureDeltaPartitions(engine.db, 6)
  expect((await partitions()).length - more.length).toBeLessThanOrEqual(1)
})

test('made by five at once they are there once', async () => {
  await Promise.all(Array.from({ length: 5 }, () => ensureDeltaPartitions(engine.db, 8)))
  const names = await partitions()
  expect(new Set(names).size).toBe(names.length)
})

test('deltas go into the partition of their hour, which has the index that readers use', async () => {
  const table = await tableOfDelta(await streamOne())
  expect(table).toMatch(/^session_deltas_\d{10}$/)
  const indexes = await engine.rows<{ indexdef: string }>('select indexdef from pg_indexes where tablename = $1', table)
  expect(indexes).toEqual([{ indexdef: expect.stringContaining('(session_id, seq)') }])
})

test('without a partition for their hour deltas are kept all the same, and that hour gets none afterwards', async () => {
  for (const name of await partitions()) if (name !== 'session_deltas_default') await engine.rows(`drop table ${name}`)
  const sessionId = await streamOne()
  expect(await tableOfDelta(sessionId)).toBe('session_deltas_default')
  await ensureDeltaPartitions(engine.db, 3)
  expect(typesOf(await engine.log(sessionId))).toContain('item.delta')
  const later = await streamOne()
  expect(typesOf(await engine.log(later))).toContain('item.delta')
  expect((await partitions()).length).toBeGreaterThan(2)
})

test('making partitions waits for no reader and no writer of others', async () => {
  const claimed = await engine.take((await engine.say(await engine.newSession())).runId)
  const item = itemOf(claimed, 1, 'streaming')
  await append(engine.db, holdOf(claimed), created(item))
  const writes = Promise.all(Array.from({ length: 30 }, () => append(engine.db, holdOf(claimed), grown(item, 'x'))))
  await Promise.all([ensureDeltaPartitions(engine.db, 12), writes, engine.log(claimed.session.id)])
  const log = await engine.log(claimed.session.id)
  expect(log.map((event) => event.seq)).toEqual(log.map((_, i) => i + 1))
})

test('making partitions does not wait behind a long reader, who would hold up all that come after; it is done later', async () => {
  const before = await partitions()
  const reader = await engine.db.connect()
  await reader.query('begin')
  await reader.query('select from session_deltas')
  await ensureDeltaPartitions(engine.db, 8)
  expect(await partitions()).toEqual(before)
  await streamOne()
  await reader.query('commit')
  reader.release()
  await ensureDeltaPartitions(engine.db, 8)
  expect((await partitions()).length).toBeGreaterThan(before.length)
})
