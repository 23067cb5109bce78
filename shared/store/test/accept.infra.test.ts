import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { acceptMessage, createSession } from '../acceptMessage.ts'
import type { IdempotencyKey } from '../idempotencyKey.ts'
import { forgetIdempotencyKeys } from '../dueRuns.ts'
import { countRows, expectSound } from './invariants.ts'
import { type TestEngine, bare, finish, startTestEngine, typesOf } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

function key(more: Partial<IdempotencyKey> = {}): IdempotencyKey {
  return { principal: 'key_1', route: 'POST /messages', key: newId('request'), requestHash: 'a', ...more }
}

describe('a message', () => {
  test('becomes an input item, a queued run and two events, and may start at once', async () => {
    const sessionId = await engine.newSession()
    const accepted = await engine.say(sessionId, { input: { content: 'hi' }, metadata: { a: 1 } })
    expect(accepted).toMatchObject({ seq: 3, ringAfterMs: 0, sessionId })
    expect(typesOf(accepted.events)).toEqual(['item.created', 'run.queued'])
    expect(await engine.log(sessionId)).toEqual([
      expect.objectContaining({ seq: 1, type: 'session.created' }),
      ...accepted.events,
    ])
    expect(accepted.events).toMatchObject([
      {
        seq: 2,
        data: {
          item: {
            id: accepted.itemId,
            kind: 'input',
            status: 'complete',
            runNo: 1,
            itemNo: 0,
            data: { content: 'hi' },
          },
        },
      },
      {
        seq: 3,
        data: {
          run: { id: accepted.runId, status: 'queued', runNo: 1, queuePosition: 0, metadata: { a: 1 }, attempts: [] },
        },
      },
    ])
    await expectSound(engine, sessionId)
  })

  test('to a session that has a run is queued behind it and is not to be rung', async () => {
    const sessionId = await engine.newSession()
    const outcomes = [await engine.say(sessionId), await engine.say(sessionId), await engine.say(sessionId)]
    expect(outcomes.map((outcome) => outcome.ringAfterMs)).toEqual([0, null, null])
    expect(await Promise.all(outcomes.map(async ({ runId }) => (await engine.run(runId)).queuePosition))).toEqual([
      0, 1, 2,
    ])
    await expectSound(engine, sessionId)
  })

  test('to an absent session, or to another organization’s, is refused alike', async () => {
    const sessionId = await engine.newSession()
    const before = await countRows(engine)
    const foreign = engine.message(sessionId, { organizationId: newId('organization') })
    expect(await acceptMessage(engine.db, engine.message(newId('session')))).toEqual({ outcome: 'absent' })
    expect(await acceptMessage(engine.db, foreign)).toEqual({ outcome: 'absent' })
    expect(await countRows(engine)).toEqual(before)
  })

  test('may begin its session: one transaction, three events', async () => {
    const newSession = { ...engine.sessionWith(), title: 'T', metadata: { product: 'x' } }
    const accepted = await engine.say(newSession.id, { newSession })
    expect(accepted).toMatchObject({ seq: 3, ringAfterMs: 0, sessionId: newSession.id })
    const log = await engine.log(newSession.id)
    expect(typesOf(log)).toEqual(['session.created', 'item.created', 'run.queued'])
    expect(log[0]).toMatchObject({
      data: { session: { id: newSession.id, title: 'T', metadata: { product: 'x' }, agent: 'eliza' } },
    })
    await expectSound(engine, newSession.id)
  })

  test('sent fifty times at once has fifty numbers in a row, and one run may start', async () => {
    const sessionId = await engine.newSession()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => engine.say(sessionId)))
    expect(outcomes.map((outcome) => outcome.seq).toSorted((a, b) => a - b)).toEqual(outcomes.map((_, i) => 3 + 2 * i))
    expect(outcomes.filter((outcome) => outcome.ringAfterMs !== null).map((outcome) => outcome.seq)).toEqual([3])
    await expectSound(engine, sessionId)
  })
})

describe('a message that rejects a busy session', () => {
  test('leaves nothing behind when a run is queued, and names it', async () => {
    const sessionId = await engine.newSession()
    const { runId } = await engine.say(sessionId)
    await engine.say(sessionId)
    const before = await countRows(engine)
    const message = engine.message(sessionId, { onBusy: 'reject', idempotency: key() })
    expect(await acceptMessage(engine.db, message)).toEqual({ outcome: 'busy', activeRunId: runId })
    expect(await countRows(engine)).toEqual(before)
    await expectSound(engine, sessionId)
  })

  test('names the held run, and is accepted under its key once that has ended', async () => {
    const sessionId = await engine.newSession()
    const claimed = await engine.take((await engine.say(sessionId)).runId)
    const message = engine.message(sessionId, { onBusy: 'reject', idempotency: key() })
    expect(await acceptMessage(engine.db, message)).toEqual({ outcome: 'busy', activeRunId: claimed.run.id })
    await finish(engine.db, claimed)
    expect(await acceptMessage(engine.db, message)).toMatchObject({ outcome: 'accepted', ringAfterMs: 0 })
    await expectSound(engine, sessionId)
  })

  test('is still answered with its own acceptance when it is sent again while its run is busy', async () => {
    const sessionId = await engine.newSession()
    const idempotency = key()
    const { runId } = await engine.say(sessionId, { onBusy: 'reject', idempotency })
    const again = engine.message(sessionId, { onBusy: 'reject', idempotency })
    expect(await acceptMessage(engine.db, again)).toMatchObject({ outcome: 'replayed', runId })
  })

  test('sent twenty times at once is accepted once', async () => {
    const sessionId = await engine.newSession()
    const messages = Array.from({ length: 20 }, () => engine.message(sessionId, { onBusy: 'reject' }))
    const outcomes = await Promise.all(messages.map((message) => acceptMessage(engine.db, message)))
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['accepted', ...Array<string>(19).fill('busy')])
    await expectSound(engine, sessionId)
  })
})

describe('an idempotency key', () => {
  test('answers the same request with the same acceptance and writes nothing', async () => {
    const sessionId = await engine.newSession()
    const idempotency = key()
    const { runId, itemId, seq } = await engine.say(sessionId, { idempotency })
    const before = await countRows(engine)
    const replay = await acceptMessage(engine.db, engine.message(sessionId, { idempotency }))
    expect(replay).toEqual({ outcome: 'replayed', sessionId, runId, itemId, seq })
    expect(await countRows(engine)).toEqual(before)
  })

  test('refuses another request and leaves nothing behind', async () => {
    const sessionId = await engine.newSession()
    const idempotency = key()
    await engine.say(sessionId, { idempotency })
    const before = await countRows(engine)
    const other = engine.message(sessionId, { idempotency: { ...idempotency, requestHash: 'b' } })
    expect(await acceptMessage(engine.db, other)).toEqual({ outcome: 'mismatch' })
    expect(await countRows(engine)).toEqual(before)
  })

  test.each([['principal'], ['route'], ['key']] as const)('counts only for its own %s', async (part) => {
    const sessionId = await engine.newSession()
    const idempotency = key()
    await engine.say(sessionId, { idempotency })
    await engine.say(sessionId, { idempotency: { ...idempotency, [part]: newId('request') } })
    await expectSound(engine, sessionId)
  })

  test('used twenty times at once on one session makes one run', async () => {
    const sessionId = await engine.newSession()
    const idempotency = key()
    const messages = Array.from({ length: 20 }, () => engine.message(sessionId, { idempotency }))
    const outcomes = await Promise.all(messages.map((message) => acceptMessage(engine.db, message)))
    expect(outcomes.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => 'runId' in outcome && outcome.runId)).size).toBe(1)
    await expectSound(engine, sessionId)
  })

  test('used twenty times at once to begin a session makes one session, one run, one new visitor', async () => {
    const idempotency = key()
    const before = await countRows(engine)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => {
        const newSession = { ...engine.sessionWith(), endUserId: newId('endUser'), anonymous: true }
        return acceptMessage(engine.db, engine.message(newSession.id, { newSession, idempotency }))
      }),
    )
    expect(outcomes.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => 'sessionId' in outcome && outcome.sessionId)).size).toBe(1)
    const after = await countRows(engine)
    for (const table of ['sessions', 'end_users', 'runs', 'items']) expect(after[table]! - before[table]!).toBe(1)
  })

  test('used twenty times at once to make a bare session makes one', async () => {
    const idempotency = key()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => createSession(engine.db, engine.sessionWith(), idempotency)),
    )
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual([
      'created',
      ...Array<string>(19).fill('replayed'),
    ])
    expect(new Set(outcomes.map((outcome) => 'sessionId' in outcome && outcome.sessionId)).size).toBe(1)
    const other = { ...idempotency, requestHash: 'b' }
    expect(await createSession(engine.db, engine.sessionWith(), other)).toEqual({ outcome: 'mismatch' })
  })

  test('is free again after a day', async () => {
    const sessionId = await engine.newSession()
    const idempotency = key()
    const first = await engine.say(sessionId, { idempotency })
    await engine.rows(
      `update idempotency_keys set created_at = created_at - interval '25 hours' where key = $1`,
      idempotency.key,
    )
    const second = await engine.say(sessionId, { idempotency: { ...idempotency, requestHash: 'b' } })
    expect(second.runId).not.toBe(first.runId)
    expect(await acceptMessage(engine.db, engine.message(sessionId, { idempotency }))).toEqual({ outcome: 'mismatch' })
  })

  test('is forgotten by the reconciler only after a day', async () => {
    const sessionId = await engine.newSession()
    const [old, young] = [key(), key()]
    await engine.say(sessionId, { idempotency: old })
    await engine.say(sessionId, { idempotency: young })
    await engine.rows(
      `update idempotency_keys set created_at = created_at - interval '25 hours' where key = $1`,
      old.key,
    )
    await forgetIdempotencyKeys(engine.db, tunables.idempotency)
    const kept = await engine.rows<{ key: string }>(
      'select key from idempotency_keys where key in ($1, $2)',
      old.key,
      young.key,
    )
    expect(kept.map((row) => row.key)).toEqual([young.key])
  })
})

test('a session’s version is that of its last run', async () => {
  const sessionId = await engine.newSession()
  await engine.say(sessionId, { version: '1.0.0' })
  await engine.say(sessionId, { version: '1.1.0' })
  expect(await engine.rows('select version from sessions where id = $1', bare(sessionId))).toEqual([
    { version: '1.1.0' },
  ])
})
