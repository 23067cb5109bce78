import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { tunables } from '@shared/domain/tunables'
import { acceptMessage } from '../acceptMessage.ts'
import type { IdempotencyKey } from '../idempotencyKey.ts'
import { type Accepting, type PlainMessage, createAccepting } from '../acceptTogether.ts'
import type { PoolClient } from 'pg'
import type { Database } from '../pool.ts'
import { countRows, expectSound } from './invariants.ts'
import { type TestEngine, bare, finish, startTestEngine, typesOf } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

/** Another process over the same database; counts its statements. */
function newProcess(): Accepting & { statements: number } {
  const accepting = createAccepting({
    query: (...statement: Parameters<Database['query']>) => {
      counting.statements++
      return engine.db.query(...statement)
    },
  } as unknown as Database)
  const counting = { ...accepting, statements: 0 }
  return counting
}

let one: ReturnType<typeof newProcess>
beforeEach(() => {
  one = newProcess()
})

const key = (more: Partial<IdempotencyKey> = {}): IdempotencyKey => {
  return { principal: 'key_1', route: 'POST /messages', key: newId('request'), requestHash: 'a', ...more }
}
const newSessions = (count: number) => Promise.all(Array.from({ length: count }, () => engine.newSession()))
const plainTo = (sessions: readonly string[], more: Parameters<TestEngine['plain']>[1] = {}) =>
  Promise.all(sessions.map((sessionId) => engine.plain(sessionId, more)))

describe('messages that come at once', () => {
  test('go in one statement, and each gets the same events as one that goes alone', async () => {
    const sessions = await newSessions(30)
    const messages = await plainTo(sessions, { input: { content: 'hi' }, metadata: { n: 1 } })
    const taken = await Promise.all(messages.map((message) => one.take(message)))
    expect(one.statements).toBe(1)
    for (const [index, sessionId] of sessions.entries()) {
      expect(taken[index]).toMatchObject({ outcome: 'accepted', seq: 3, ringAfterMs: 0, sessionId })
      const [, ...events] = await engine.log(sessionId)
      expect(events).toEqual(taken[index]!.events)
      await expectSound(engine, sessionId)
    }
    const alone = await acceptMessage(
      engine.db,
      engine.message(await engine.newSession(), { input: { content: 'hi' } }),
    )
    if (alone.outcome !== 'accepted') throw new Error(alone.outcome)
    expect(typesOf(taken[0]!.events)).toEqual(typesOf(alone.events))
    for (const [index, event] of taken[0]!.events.entries())
      expect(Object.keys(event.data).toSorted()).toEqual(Object.keys(alone.events[index]!.data).toSorted())
  })

  test('while many are under way wait for them and go together', async () => {
    const { few } = tunables.accept
    const messages = await plainTo(await newSessions(few + 12))
    const first = messages.slice(0, few).map((message) => one.take(message))
    while (one.statements === 0) await sleep(0)
    const others = messages.slice(few).map((message) => one.take(message))
    expect((await Promise.all([...first, ...others])).every((accepted) => accepted !== null)).toBe(true)
    expect(one.statements).toBe(2)
  })

  test('are at most so many a batch', async () => {
    const messages = await plainTo(await newSessions(tunables.accept.messages + 1))
    await Promise.all(messages.map((message) => one.take(message)))
    expect(one.statements).toBe(2)
  })

  test('to one session keep their order', async () => {
    const sessionId = await engine.newSession()
    await engine.say(sessionId)
    const messages = await plainTo(Array<string>(10).fill(sessionId))
    const taken = await Promise.all(messages.map((message) => one.take(message)))
    const numbers = await Promise.all(taken.map(async (accepted) => (await engine.run(accepted!.runId)).runNo))
    expect(numbers).toEqual(Array.from({ length: 10 }, (_, index) => index + 2))
    expect(taken.map((accepted) => accepted!.ringAfterMs)).toEqual(Array(10).fill(null))
    await expectSound(engine, sessionId)
  })

  test('with one idempotency key are accepted once, whatever the session', async () => {
    const idempotency = key()
    const messages = await plainTo(await newSessions(3), { idempotency })
    const taken = await Promise.all(messages.map((message) => one.take(message)))
    expect(taken.map((accepted) => accepted !== null)).toEqual([true, false, false])
    expect(await acceptMessage(engine.db, messages[1]!)).toMatchObject({
      outcome: 'replayed',
      runId: messages[0]!.runId,
    })
  })
})

describe('what is no plain message', () => {
  /** A busy session, and what is asked of it. */
  async function busy(more: Parameters<TestEngine['plain']>[1]): Promise<PlainMessage> {
    const sessionId = await engine.newSession()
    await engine.say(sessionId)
    return engine.plain(sessionId, more)
  }

  async function full(): Promise<PlainMessage> {
    const sessionId = await engine.newSession()
    await engine.rows(
      'update session_heads set queued_count = $1 where session_id = $2',
      tunables.sessionQueue,
      bare(sessionId),
    )
    return engine.plain(sessionId)
  }

  async function known(requestHash: string): Promise<PlainMessage> {
    const [sessionId, idempotency] = [await engine.newSession(), key()]
    const { runId } = await engine.say(sessionId, { idempotency })
    await finish(engine.db, await engine.take(runId))
    return engine.plain(sessionId, { idempotency: { ...idempotency, requestHash } })
  }

  const odd: Record<string, () => Promise<PlainMessage>> = {
    'to reject a busy session': () => busy({ onBusy: 'reject' }),
    'to merge': () => busy({ onBusy: 'merge' }),
    'to interrupt': () => busy({ onBusy: 'interrupt' }),
    'to roll back': () => busy({ onBusy: 'rollback' }),
    'to an absent session': () => engine.plain(newId('session')),
    'to another organization’s session': async () =>
      engine.plain(await engine.newSession(), { organizationId: newId('organization') }),
    'to a full session': full,
    'sent again under its key': () => known('a'),
    'under a key of another request': () => known('b'),
    'whose session has moved on to another version': async () => ({
      ...(await engine.plain(await engine.newSession())),
      sessionVersion: '0.9.0',
    }),
    'whose agent has moved on to another version': async () => ({
      ...(await engine.plain(await engine.newSession())),
      activeVersionId: newId('agentVersion'),
    }),
  }

  test.each(Object.keys(odd))(
    '%s is left out and leaves nothing behind; others of its batch are accepted',
    async (name) => {
      const message = await odd[name]!()
      const plain = await plainTo(await newSessions(2))
      const before = await countRows(engine)
      const taken = await Promise.all([plain[0]!, message, plain[1]!].map((each) => one.take(each)))
      expect(taken.map((accepted) => accepted !== null)).toEqual([true, false, true])
      const after = await countRows(engine)
      expect(after['runs']! - before['runs']!).toBe(2)
      expect(after['idempotency_keys']).toBe(before['idempotency_keys'])
      for (const { sessionId } of plain) await expectSound(engine, sessionId)
    },
  )

  test('whose head is locked is left out at once', async () => {
    const messages = await plainTo(await newSessions(2))
    const client = await engine.db.connect()
    try {
      await client.query('begin')
      await client.query('select from session_heads where session_id = $1 for update', [bare(messages[0]!.sessionId)])
      const taken = await Promise.all(messages.map((message) => one.take(message)))
      expect(taken.map((accepted) => accepted !== null)).toEqual([false, true])
    } finally {
      await client.query('rollback')
      client.release()
    }
  })

  test('and breaks the statement makes each of its batch go alone', async () => {
    const messages = await plainTo(await newSessions(3))
    const { runId } = await engine.say(await engine.newSession())
    const taken = await Promise.all(
      [...messages, { ...messages[0]!, sessionId: await engine.newSession(), runId }].map(one.take),
    )
    expect(taken).toEqual([null, null, null, null])
    for (const message of messages)
      expect(await acceptMessage(engine.db, message)).toMatchObject({ outcome: 'accepted' })
  })
})

test('a message to an idle session is a plain one, whatever it would do to a busy one', async () => {
  for (const onBusy of ['reject', 'merge', 'interrupt', 'rollback'] as const) {
    const message = await engine.plain(await engine.newSession(), {
      onBusy,
      ...(onBusy === 'merge' && { debounceMs: 70 }),
    })
    expect(await one.take(message)).toMatchObject({ outcome: 'accepted', ringAfterMs: onBusy === 'merge' ? 70 : 0 })
    await expectSound(engine, message.sessionId)
  }
})

/** Somebody else's transaction that has the message's key and doesn't end: its batch hangs. */
async function holdKeyOf({ idempotency }: PlainMessage): Promise<PoolClient> {
  const client = await engine.db.connect()
  await client.query('begin')
  const { principal, route, key: name, requestHash } = idempotency!
  const values = [bare(engine.organizationId), principal, route, name, requestHash]
  await client.query(
    `insert into idempotency_keys (organization_id, principal, route, key, request_hash, acceptance) values ($1, $2, $3, $4, $5, '{}')`,
    values,
  )
  return client
}

test('a batch that hangs holds no other up', async () => {
  const [first, next] = await newSessions(2)
  const stuck = await engine.plain(first!, { idempotency: key() })
  const client = await holdKeyOf(stuck)
  const outcome = one.take(stuck)
  await engine.untilSomebodyWaits()
  expect(await one.take(await engine.plain(next!))).toMatchObject({ outcome: 'accepted' })
  await client.query('rollback')
  client.release()
  expect(await outcome).toMatchObject({ outcome: 'accepted' })
})

test('whoever loses the connection gets the error, and the next batch goes', async () => {
  const [lost, next] = await plainTo(await newSessions(2), { idempotency: key() })
  const client = await holdKeyOf(lost!)
  const outcome = one.take(lost!).catch((error: unknown) => error)
  await engine.untilSomebodyWaits()
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`)
  expect(await outcome).toBeInstanceOf(Error)
  await client.query('rollback')
  client.release()
  expect(await one.take(next!)).toMatchObject({ outcome: 'accepted' })
})

describe('two processes', () => {
  const both = () => [newProcess(), newProcess()] as const

  test('accept for the same sessions in different order: none waits for another, each message is accepted once', async () => {
    const sessions = await newSessions(20)
    const [a, b] = both()
    for (let round = 0; round < 5; round++) {
      const messages = [await plainTo(sessions), await plainTo(sessions.toReversed())]
      const accept = (accepting: Accepting) => async (message: PlainMessage) =>
        (await accepting.take(message)) ?? acceptMessage(engine.db, message)
      const outcomes = await Promise.all([...messages[0]!.map(accept(a)), ...messages[1]!.map(accept(b))])
      expect(outcomes.every(({ outcome }) => outcome === 'accepted')).toBe(true)
    }
    for (const sessionId of sessions) {
      await expectSound(engine, sessionId)
      expect(await engine.rows('select from runs where session_id = $1', bare(sessionId))).toHaveLength(10)
    }
  })

  test('that are sent the same keys in different order accept each once', async () => {
    const [a, b] = both()
    const sessions = await newSessions(20)
    const messages = await Promise.all(sessions.map((sessionId) => engine.plain(sessionId, { idempotency: key() })))
    // To other sessions, so that only the keys are in common: with the same hash they are the same request all the same.
    const twins = (await newSessions(20)).map((sessionId, index) => ({
      ...messages[index]!,
      ...{ sessionId, runId: newId('run'), itemId: newId('item') },
    }))
    const accept = (accepting: Accepting) => async (message: PlainMessage) =>
      (await accepting.take(message)) ?? acceptMessage(engine.db, message)
    const outcomes = await Promise.all([...messages.map(accept(a)), ...twins.toReversed().map(accept(b))])
    expect(outcomes.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(20)
    expect(outcomes.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(20)
  })
})
