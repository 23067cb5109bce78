import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { foldSession } from '@shared/domain/foldSession'
import { uuidOf } from '@shared/domain/ids'
import type { Broker } from '@shared/broker/port'
import { readEvents } from '@shared/store/readEvents'
import { expectContiguous, typesOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { subscribeRun } from '../runFeed.ts'
import type { DeliveredEvent } from '../sink.ts'
import { type FeedWorld, type Writer, startFeedWorld } from './feedWorld.ts'
import { seeded } from './random.ts'
import { reaching, recorder } from './recorder.ts'

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

/** Raises the floor as far as it may rise and forgets the deltas below, as compaction does. Gives the floor. */
async function compact({ sessionId }: Writer): Promise<number> {
  const id = uuidOf('session', sessionId)
  const [row] = await world.engine.rows<{ floor: number }>(
    `update session_heads h set floor_seq = least(
       (select min(r.first_seq) - 1 from runs r where r.session_id = h.session_id and r.ended_seq is null),
       (select max(r.ended_seq) from runs r where r.session_id = h.session_id))
     where h.session_id = $1 returning floor_seq as floor`,
    id,
  )
  await world.engine.rows('delete from session_deltas where session_id = $1 and seq <= $2', id, row!.floor)
  return row!.floor
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
