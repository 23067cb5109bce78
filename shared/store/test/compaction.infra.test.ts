import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { DEFAULT_PARTITION, dropPartition, findOldPartitions, isPartitionHeld, raiseFloors } from '../compaction.ts'
import { forceEndRun } from '../forceEndRun.ts'
import { readEvents } from '../readEvents.ts'
import { readSnapshot } from '../readSnapshot.ts'
import type { ClaimedRun } from '../claimRuns.ts'
import { age, compactDeltas, floorOf, partitions, raiseAll } from './compacting.ts'
import {
  type TestEngine,
  append,
  bare,
  created,
  finish,
  grown,
  holdOf,
  itemOf,
  requeue,
  startTestEngine,
  typesOf,
} from './testEngine.ts'

let engine: TestEngine
beforeEach(async () => {
  engine = await startTestEngine()
  // The database may have been made in an earlier hour, which has a partition as well.
  await compactDeltas(engine, 0)
})
afterEach(() => engine.close())

const MINUTE = 60_000

/** A run that has streamed a little. */
async function stream(sessionId: string): Promise<ClaimedRun> {
  const claimed = await engine.take((await engine.say(sessionId)).runId)
  await grow(claimed, 1)
  return claimed
}

async function grow(claimed: ClaimedRun, itemNo: number): Promise<void> {
  const item = itemOf(claimed, itemNo, 'streaming')
  await append(engine.db, holdOf(claimed), created(item), grown(item, 'a'), grown(item, 'b'))
}

/** A session whose only run has streamed and ended. */
async function streamed(): Promise<string> {
  const sessionId = await engine.newSession()
  await finish(engine.db, await stream(sessionId))
  return sessionId
}

async function deltas(): Promise<number> {
  const [row] = await engine.rows<{ count: number }>('select count(*)::int as count from session_deltas')
  return row!.count
}

describe('a partition', () => {
  test('of runs that ended goes once it is older than the grace; its sessions have their floors at their last ends', async () => {
    const sessions = [await streamed(), await streamed(), await streamed()]
    expect(await compactDeltas(engine)).toEqual([])
    await age(engine, 2)
    const [old] = await findOldPartitions(engine.db, 0)
    expect(await compactDeltas(engine)).toEqual(['dropped'])
    expect(await partitions(engine)).not.toContain(old)
    expect(await deltas()).toBe(0)
    for (const sessionId of sessions) {
      const lastSeq = (await readSnapshot(engine.db, sessionId))!.seq
      expect(await floorOf(engine, sessionId)).toBe(lastSeq)
      expect(await readEvents(engine.db, sessionId, 0, 10)).toEqual({ lastSeq, floorSeq: lastSeq, events: [] })
    }
    expect(await compactDeltas(engine)).toEqual([])
  })

  test('whose last run ended only just stays for the grace', async () => {
    const sessionId = await engine.newSession()
    const claimed = await stream(sessionId)
    await age(engine, 2)
    await finish(engine.db, claimed)
    expect(await compactDeltas(engine)).toEqual(['needed'])
    expect(await floorOf(engine, sessionId)).toBe(0)
    expect(typesOf(await engine.log(sessionId))).toContain('item.delta')
    expect(await compactDeltas(engine, 0)).toEqual(['dropped'])
  })

  test('with a run that is under way, or waits for another attempt, waits; and goes when that has ended', async () => {
    const claimed = await stream(await engine.newSession())
    const settled = await streamed()
    await age(engine, 2)
    const [old] = await findOldPartitions(engine.db, 0)
    expect(await isPartitionHeld(engine.db, old!, 0)).toBe(true)
    expect(await compactDeltas(engine, 0)).toEqual(['needed'])
    await requeue(engine.db, holdOf(claimed), 'failed', 60_000)
    expect(await compactDeltas(engine, 0)).toEqual(['needed'])
    expect(typesOf(await engine.log(claimed.session.id))).toContain('item.delta')
    expect(await floorOf(engine, claimed.session.id)).toBe(0)
    expect(await floorOf(engine, settled)).toBeGreaterThan(0)
    await forceEndRun(engine.db, { sessionId: claimed.session.id, runId: claimed.run.id, status: 'cancelled' })
    expect(await isPartitionHeld(engine.db, old!, 0)).toBe(false)
    expect(await compactDeltas(engine, 0)).toEqual(['dropped'])
  })

  test('waits behind a reader for a moment only, and nobody waits behind it for longer', async () => {
    const sessionId = await streamed()
    await age(engine, 2)
    const [old] = await findOldPartitions(engine.db, 0)
    await raiseAll(engine, old!, 0)
    const reader = await engine.db.connect()
    await reader.query('begin')
    await reader.query('select from session_deltas limit 1')
    const drop = dropPartition(engine.db, old!, 2_000)
    await engine.untilSomebodyWaits()
    // it stands behind the drop, which stands behind the reader, who stays
    const claimed = await stream(sessionId)
    expect(await drop).toBe('busy')
    await grow(claimed, 2)
    expect(await partitions(engine)).toContain(old)
    await reader.query('commit')
    reader.release()
    expect(await dropPartition(engine.db, old!, 60_000)).toBe('dropped')
    expect(await dropPartition(engine.db, old!, 60_000)).toBe('absent')
  })

  test('does not go with a delta that was still being written when the floors were raised', async () => {
    await streamed()
    await age(engine, 2)
    const [old] = await findOldPartitions(engine.db, 0)
    await raiseAll(engine, old!, 0)
    const late = await engine.db.connect()
    await late.query('begin')
    const session = await streamed()
    await late.query(
      `insert into session_deltas select session_id, seq, run_id, attempt, item_id, patch, at - interval '2 hours'
       from session_deltas where session_id = $1`,
      [bare(session)],
    )
    const drop = dropPartition(engine.db, old!, 60_000)
    await engine.untilSomebodyWaits()
    await late.query('commit')
    late.release()
    expect(await drop).toBe('needed')
  })

  test('is dropped once by many at once, who raise the same floors', async () => {
    const sessions = await Promise.all(Array.from({ length: 10 }, () => streamed()))
    await age(engine, 2)
    await Promise.all(Array.from({ length: 5 }, () => compactDeltas(engine, 0)))
    await compactDeltas(engine, 0)
    expect(await findOldPartitions(engine.db, 0)).toEqual([])
    for (const sessionId of sessions) expect(await floorOf(engine, sessionId)).toBeGreaterThan(0)
  })

  test('does not wait for a head that is locked, and is dropped at a later look', async () => {
    const [locked, free] = [await streamed(), await streamed()]
    await age(engine, 2)
    const holder = await engine.db.connect()
    await holder.query('begin')
    await holder.query('select from session_heads where session_id = $1 for update', [bare(locked)])
    expect(await compactDeltas(engine, 0)).toEqual(['needed'])
    expect(await raiseFloors(engine.db, [locked, free], 0)).toEqual([locked])
    expect(await floorOf(engine, free)).toBeGreaterThan(0)
    await holder.query('rollback')
    holder.release()
    expect(await compactDeltas(engine, 0)).toEqual(['dropped'])
  })

  test('goes with what it holds of sessions that are gone', async () => {
    const sessionId = await streamed()
    await age(engine, 2)
    expect(await isPartitionHeld(engine.db, 'session_deltas_2000010100', 0)).toBe(false)
    await engine.rows('delete from session_heads where session_id = $1', bare(sessionId))
    expect(await compactDeltas(engine, 0)).toEqual(['dropped'])
  })
})

test('the default partition loses what is below the floors, and stays', async () => {
  for (const name of await partitions(engine)) if (name !== DEFAULT_PARTITION) await engine.rows(`drop table ${name}`)
  await streamed()
  await streamed()
  const claimed = await stream(await engine.newSession())
  expect(await deltas()).toBe(6)
  await compactDeltas(engine)
  expect(await deltas()).toBe(6)
  await compactDeltas(engine, 0)
  expect(await deltas()).toBe(2)
  await finish(engine.db, claimed)
  await compactDeltas(engine, 0)
  expect(await deltas()).toBe(0)
  expect(await partitions(engine)).toContain(DEFAULT_PARTITION)
})

describe('the floor', () => {
  test('rises to the last event of what is settled, also where queued runs ended out of their turn', async () => {
    const sessionId = await engine.newSession()
    const first = await stream(sessionId)
    const second = await engine.say(sessionId)
    const third = await engine.say(sessionId)
    await forceEndRun(engine.db, { sessionId, runId: third.runId, status: 'cancelled' })
    await raiseFloors(engine.db, [sessionId], 0)
    expect(await floorOf(engine, sessionId)).toBe(1)
    await finish(engine.db, first)
    await age(engine, 1)
    await raiseFloors(engine.db, [sessionId], 0)
    expect(await floorOf(engine, sessionId)).toBe((await readSnapshot(engine.db, sessionId))!.seq)
    // a held run keeps all that it wrote, from the message that it answers on: the floor never falls, and stays
    const before = await floorOf(engine, sessionId)
    await engine.take(second.runId)
    await raiseFloors(engine.db, [sessionId], 0)
    expect(await floorOf(engine, sessionId)).toBe(before)
  })

  test('stays before a run that ended within the grace', async () => {
    const sessionId = await streamed()
    await age(engine, 1)
    const before = (await readSnapshot(engine.db, sessionId))!.seq
    await finish(engine.db, await stream(sessionId))
    await raiseFloors(engine.db, [sessionId], 15 * MINUTE)
    expect(await floorOf(engine, sessionId)).toBe(before)
  })
})
