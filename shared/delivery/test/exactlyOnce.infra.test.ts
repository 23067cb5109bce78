import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { uuidOf } from '@shared/domain/ids'
import { describeWithRedis } from '../../../test/redis.ts'
import { expectContiguous } from '../../../test/server/eventChecks.ts'
import type { DeliveredEvent } from '../sink.ts'
import { type FeedWorld, startFeedWorld } from './feedWorld.ts'
import { seeded } from './random.ts'
import { reaching, recorder } from './recorder.ts'

const SEED = Number(process.env.AGENTVIEW_TEST_SEED ?? 20_260_101)

describeWithRedis('over Redis', () => suite('redis'))
describe('over Postgres alone', () => suite('postgres'))

function suite(kind: 'redis' | 'postgres'): void {
  let world: FeedWorld

  beforeAll(async () => {
    world = await startFeedWorld({ kind })
  })

  afterAll(() => world?.close())

  test('a reader who leaves a hundred times gets every event once and in order', async () => {
    const random = seeded(SEED)
    const writer = await world.newWriter(seeded(SEED + 1))
    const got: DeliveredEvent[] = []
    let writing = true
    const written = (async () => {
      while (writing) await writer.step()
    })()
    for (let left = 0; left < 100; left++) {
      const reader = recorder()
      const cursor = got.at(-1)?.seq ?? 0
      const subscription = await world.feeds.subscribe(writer.sessionId, cursor, reader)
      const wanted = random.below(8)
      if (random.chance(0.8)) await reader.until((events) => events.length >= wanted)
      subscription.close()
      got.push(...reader.events)
    }
    writing = false
    await written
    const last = recorder()
    await world.feeds.subscribe(writer.sessionId, got.at(-1)?.seq ?? 0, last).then(async (subscription) => {
      if (subscription.lastSeq > (got.at(-1)?.seq ?? 0)) await last.until(reaching(subscription.lastSeq))
      subscription.close()
    })
    got.push(...last.events)
    expectContiguous(got)
    expect(got).toEqual(await world.engine.log(writer.sessionId))
    expect(world.feeds.watched()).toBe(0)
    expect(world.watches()).toBe(0)
  })

  test('readers who join in the middle of a run get the same as those who were there', async () => {
    const writer = await world.newWriter(seeded(SEED + 2))
    const random = seeded(SEED + 3)
    const readers = []
    for (let step = 0; step < 120; step++) {
      await writer.step()
      if (step % 20 !== 10) continue
      const lastSeq = await writer.lastSeq()
      const after = random.below(lastSeq + 1)
      const reader = recorder()
      readers.push({ after, reader, subscription: world.feeds.subscribe(writer.sessionId, after, reader) })
    }
    const lastSeq = await writer.lastSeq()
    const log = await world.engine.log(writer.sessionId)
    for (const { after, reader, subscription } of readers) {
      await reader.until(reaching(lastSeq))
      expect(reader.events).toEqual(log.slice(after))
      ;(await subscription).close()
    }
    expect(world.watches()).toBe(0)
  })

  test('sessions that are read at once don’t mix', async () => {
    const writers = await Promise.all([11, 12, 13, 14].map((seed) => world.newWriter(seeded(SEED + seed))))
    const readers = await Promise.all(
      writers.map(async (writer) => {
        const reader = recorder()
        return { writer, reader, subscription: await world.feeds.subscribe(writer.sessionId, 0, reader) }
      }),
    )
    await Promise.all(
      writers.map(async (writer) => {
        for (let step = 0; step < 30; step++) await writer.step()
      }),
    )
    for (const { writer, reader, subscription } of readers) {
      await reader.until(reaching(await writer.lastSeq()))
      expect(reader.events).toEqual(await world.engine.log(writer.sessionId))
      subscription.close()
    }
  })

  test('a session that is gone cuts its readers, and one that never was is refused', async () => {
    const writer = await world.newWriter(seeded(SEED + 21))
    const reader = recorder()
    await world.feeds.subscribe(writer.sessionId, 0, reader)
    await reader.until(reaching(1))
    await world.engine.rows('delete from session_heads where session_id = $1', uuidOf('session', writer.sessionId))
    await expect(world.feeds.subscribe(writer.sessionId, 0, recorder())).rejects.toMatchObject({ code: 'not_found' })
    await expect(reader.until(() => reader.cuts.length > 0)).resolves.toBeDefined()
    expect(reader.cuts).toEqual([{ reason: 'deleted', lastSeq: 1 }])
    expect(world.watches()).toBe(0)
  })
}
