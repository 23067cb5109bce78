import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { SessionEvent } from '@shared/domain/events'
import { foldSession } from '@shared/domain/foldSession'
import { uuidOf } from '@shared/domain/ids'
import type { Broker } from '@shared/broker/port'
import { raiseFloors } from '@shared/store/compaction'
import { ensureDeltaPartitions } from '@shared/store/dueRuns'
import { readEvents, readLastSeqs } from '@shared/store/readEvents'
import { type StoredEvent, renderEvent } from '@shared/store/render'
import { expectContiguous, typesOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { compactDeltas, floorOf, forgetEvents } from '../../store/test/compacting.ts'
import { subscribeRun } from '../runFeed.ts'
import type { Subscription } from '../sessionFeeds.ts'
import type { DeliveredEvent } from '../sink.ts'
import { type FeedWorld, type Writer, startFeedWorld } from './feedWorld.ts'
import { seeded } from './random.ts'
import { type Recorder, reaching, recorder } from './recorder.ts'

const SEED = Number(process.env.AGENTVIEW_TEST_SEED ?? 20_260_301)

let world: FeedWorld
/** While false, the reading process hears nothing. */
let hears = true

beforeAll(async () => {
  const wrapBroker = (broker: Broker): Broker => ({
    ...broker,
    onNews: (listener) => broker.onNews((news) => hears && listener(news)),
  })
  world = await startFeedWorld({ kind: 'postgres', wrapBroker })
})

afterAll(() => world?.close())

/** What ended this long ago, and will have in the next hours, is compacted. */
const LONG_AGO = -2 * 3_600_000

/** Raises the floor as far as it may rise and forgets the log below, as compaction and retention do. Gives the floor. */
async function compact({ sessionId }: Writer): Promise<number> {
  await raiseFloors(world.engine.db, [sessionId], LONG_AGO)
  const floor = await floorOf(world.engine, sessionId)
  const id = uuidOf('session', sessionId)
  await world.engine.rows('delete from session_deltas where session_id = $1 and seq <= $2', id, floor)
  await world.engine.rows('delete from session_events where session_id = $1 and seq <= $2', id, floor)
  return floor
}

/** Ends every run that still lives, so that a log says of each all that there is to say. */
async function settle(writer: Writer): Promise<void> {
  const count = 'select count(*)::int as live from runs where session_id = $1 and ended_seq is null'
  await eventually(async () => {
    const [row] = await world.engine.rows<{ live: number }>(count, uuidOf('session', writer.sessionId))
    if (row!.live === 0) return true
    await writer.step('cancel')
    return false
  })
}

const seen = (events: readonly DeliveredEvent[]) => {
  const { items, runs, state } = foldSession(events)
  return { items, runs, state }
}

async function readAll(sessionId: string, after: number, lastSeq: number): Promise<DeliveredEvent[]> {
  const reader = recorder()
  const subscription = await world.feeds.subscribe(sessionId, after, reader)
  if (after < lastSeq) await reader.until(reaching(lastSeq))
  subscription.close()
  return reader.events
}

describe.each([1, 2, 3, 4, 5])('session %d', (number) => {
  test('gives a cursor below the floor one snapshot and then the tail, which fold to the same as the whole log', async () => {
    const writer = await world.newWriter(seeded(SEED + number))
    for (let step = 0; step < 80; step++) await writer.step()
    const early = await world.engine.log(writer.sessionId)
    const floor = await compact(writer)
    const reader = recorder()
    const subscription = await world.feeds.subscribe(writer.sessionId, 0, reader)
    await reader.until(reaching(subscription.lastSeq))
    for (let step = 0; step < 40; step++) await writer.step()
    await settle(writer)
    const lastSeq = await writer.lastSeq()
    await reader.until(reaching(lastSeq))
    subscription.close()

    expect(floor).toBeGreaterThan(0)
    expect(typesOf(reader.events).filter((type) => type === 'snapshot')).toHaveLength(1)
    expect(reader.events[0]!.type).toBe('snapshot')
    expectContiguous(reader.events)
    const late = await readEvents(world.engine.db, writer.sessionId, early.length, 100_000)
    const whole = seen([...early, ...late!.events])
    expect(seen(reader.events)).toEqual(whole)

    // from the floor on there is no need of a snapshot
    const above = await readAll(writer.sessionId, floor, lastSeq)
    expectContiguous(above, floor)
    expect(typesOf(above)).not.toContain('snapshot')
    expect(seen([...early.slice(0, floor), ...above])).toEqual(whole)

    // a snapshot of any later time stands for all before it
    await compact(writer)
    const again = await readAll(writer.sessionId, 0, lastSeq)
    expect(seen(again)).toEqual(whole)
  })
})

test('a live reader below a floor that rose while it heard nothing gets one snapshot and goes on', async () => {
  const writer = await world.newWriter(seeded(SEED + 11))
  const reader = recorder()
  const subscription = await world.feeds.subscribe(writer.sessionId, 0, reader)
  await reader.until(reaching(1))
  // The sweep may find what was written before the floor has risen: then there is no need of a snapshot.
  for (let rounds = 1; !typesOf(reader.events).includes('snapshot'); rounds++) {
    hears = false
    for (let step = 0; step < 10; step++) await writer.step()
    await settle(writer)
    await compact(writer)
    await reader.until(reaching(await writer.lastSeq()))
    hears = true
    expect(rounds).toBeLessThan(20)
  }
  await world.engine.say(writer.sessionId)
  await writer.say()
  await reader.until(reaching(await writer.lastSeq()))
  subscription.close()
  const snapshot = typesOf(reader.events).indexOf('snapshot')
  expectContiguous(reader.events.slice(0, snapshot))
  expectContiguous(reader.events.slice(snapshot))
  expect(typesOf(reader.events.slice(snapshot))).toEqual(['snapshot', 'item.created', 'run.queued'])
})

/** Keeps a copy of all that is written to the log from now on, which nobody compacts. */
async function keepCopy(): Promise<(sessionId: string) => Promise<SessionEvent[]>> {
  const { rows } = world.engine
  await rows('create table kept_log as select * from session_log with no data')
  await rows(`
    create function keep_event() returns trigger language plpgsql as $$ begin
      insert into kept_log values (new.session_id, new.seq, new.run_id, new.attempt, new.type, new.data, new.at);
      return null;
    end $$`)
  await rows(`
    create function keep_delta() returns trigger language plpgsql as $$ begin
      insert into kept_log values (new.session_id, new.seq, new.run_id, new.attempt, 'item.delta',
        jsonb_build_object('itemId', new.item_id, 'patch', new.patch), new.at);
      return null;
    end $$`)
  await rows('create trigger keep after insert on session_events for each row execute function keep_event()')
  await rows('create trigger keep after insert on session_deltas for each row execute function keep_delta()')
  return async (sessionId) => {
    const kept = await rows<StoredEvent>(
      'select seq, run_id as "runId", attempt, type, data, at from kept_log where session_id = $1 order by seq',
      uuidOf('session', sessionId),
    )
    return kept.map((event) => renderEvent(event, sessionId))
  }
}

test('readers who come with any cursor while all is compacted lose nothing and see nothing twice', async () => {
  const { engine, feeds } = world
  const random = seeded(SEED + 13)
  const logOf = await keepCopy()
  const writers = await Promise.all(Array.from({ length: 3 }, (_, i) => world.newWriter(seeded(SEED + 20 + i))))
  let over = false
  const outcomes = new Set<string>()
  async function write(writer: Writer): Promise<void> {
    for (let turn = 0; turn < 6; turn++) {
      for (let step = 0; step < 10; step++) await writer.step()
      await settle(writer)
    }
  }
  async function compactOn(): Promise<void> {
    while (!over) {
      for (const outcome of await compactDeltas(engine, LONG_AGO)) outcomes.add(outcome)
      await forgetEvents(engine, LONG_AGO, LONG_AGO)
      await ensureDeltaPartitions(engine.db, 0)
    }
  }
  const late: { cursor: number; sessionId: string; reader: Recorder; subscription: Subscription }[] = []
  async function come(): Promise<void> {
    while (!over) {
      const { sessionId } = writers[random.below(writers.length)]!
      const lastSeq = (await readLastSeqs(engine.db, [sessionId])).get(sessionId)!
      const cursor = random.below(lastSeq + 1)
      const reader = recorder()
      const subscription = await feeds.subscribe(sessionId, cursor, reader)
      late.push({ cursor, sessionId, reader, subscription })
      // Some stay to the end.
      if (random.chance(0.5) && cursor < lastSeq) await reader.until(reaching(lastSeq))
      if (late.length > 60) late.splice(random.below(late.length), 1)[0]!.subscription.close()
    }
  }
  const others = Promise.all([compactOn(), come()])
  await Promise.all(writers.map(write)).finally(() => (over = true))
  await others

  let snapshots = 0
  for (const { sessionId } of writers) {
    const log = await logOf(sessionId)
    expectContiguous(log)
    for (const { cursor, reader, subscription } of late.filter((reading) => reading.sessionId === sessionId)) {
      if (cursor < log.length) await reader.until(reaching(log.length))
      subscription.close()
      // contiguous from one snapshot to the next
      const starts = reader.events.flatMap(({ type }, index) => (type === 'snapshot' ? [index] : []))
      for (const [part, start] of [0, ...starts].entries())
        expectContiguous(reader.events.slice(start, [0, ...starts][part + 1]), cursor)
      snapshots += starts.length
      expect(seen([...log.slice(0, cursor), ...reader.events])).toEqual(seen(log))
    }
  }
  expect(snapshots).toBeGreaterThan(0)
  expect(outcomes).toContain('dropped')
})

test('the stream of a run below the floor is a snapshot, and over', async () => {
  const writer = await world.newWriter(seeded(SEED + 12))
  const { runId } = await world.engine.say(writer.sessionId)
  await settle(writer)
  const floor = await compact(writer)
  const reader = recorder()
  const ended = new Promise<void>((resolve) => {
    void subscribeRun(world.feeds, world.engine.db, { id: runId, sessionId: writer.sessionId }, 0, {
      ...reader,
      end: resolve,
    })
  })
  await ended
  expect(reader.events).toMatchObject([{ type: 'snapshot', seq: floor, prev: 0 }])
  expect(reader.events[0]).toMatchObject({ data: { runs: [{ id: runId, status: 'cancelled' }] } })
  await eventually(() => world.feeds.watched() === 0)
})
