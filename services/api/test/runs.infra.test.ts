import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Attempt } from '@shared/domain/objects'
import { countRows } from '../../../test/server/countRows.ts'
import { contentsOf, typesOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})

afterAll(() => server?.close())

const newSession = async (agent = 'staged') => (await person.client.createSession({ agent })).id
const ANSWER = { items: [{ type: 'message', role: 'assistant', content: 'ok' }] }

describe('a run', () => {
  test('is read with the attempts that it took and the times of each', async () => {
    const { run } = await person.client.say(await newSession(), 'x')
    const first = await server.stage.turn(run.id)
    first.answer(503, { error: 'busy' })
    const second = await server.stage.turn(run.id, 2)
    second.frame('version', { version: '1.0.3' })
    second.frame('text', { delta: 'ok' })
    second.frame('usage', { inputTokens: 3, outputTokens: 1, costUsd: 0.001, model: 'm' })
    second.frame('done')
    const ended = await eventually(async () => {
      const now = await person.client.readRun(run.id)
      return now.status === 'completed' && now
    })
    expect(ended).toMatchObject({ usage: { inputTokens: 3, outputTokens: 1, costUsd: 0.001, model: 'm' } })
    expect(ended.attempts.map((attempt) => attempt.outcome)).toEqual(['failed', 'completed'])
    expect(ended.attempts[0]).toMatchObject({ error: { code: 'agent_status' }, response: { status: 503 } })
    expect(ended.attempts[1]).toMatchObject({ reportedVersion: '1.0.3', response: { status: 200, truncated: false } })
    for (const attempt of ended.attempts) {
      expect(attempt.request).toEqual({ bytes: expect.any(Number), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
      expect(timesOf(attempt)).toEqual(timesOf(attempt).toSorted())
    }
    expect(Object.keys(ended.attempts[1]!.timing)).toEqual(
      expect.arrayContaining(['acceptedAt', 'queuedAt', 'claimedAt', 'firstByteAt', 'firstDeltaAt', 'endedAt']),
    )
  })

  test('that waits in line says how many stand before it', async () => {
    const session = await newSession()
    const runs = [await person.client.say(session, 'a'), await person.client.say(session, 'b')]
    await server.stage.turn(runs[0]!.run.id)
    expect((await person.client.readRun(runs[1]!.run.id)).queuePosition).toBe(1)
    expect(await person.client.readRun(runs[0]!.run.id)).not.toHaveProperty('queuePosition')
    for (const { run } of runs.toReversed()) await person.client.cancel(run.id)
  })
})

function timesOf({ timing }: Attempt): string[] {
  const { acceptedAt, queuedAt, claimedAt, firstByteAt, firstDeltaAt, endedAt } = timing
  return [acceptedAt, queuedAt, claimedAt, firstByteAt, firstDeltaAt, endedAt].filter((time) => time !== undefined)
}

describe('a run that is cancelled', () => {
  test('while it is queued behind another never starts, and what stands behind it goes on', async () => {
    const session = await newSession()
    const [first, second, third] = [
      await person.client.say(session, 'a'),
      await person.client.say(session, 'b'),
      await person.client.say(session, 'c'),
    ]
    const turn = await server.stage.turn(first.run.id)
    expect(await person.client.cancel(second.run.id)).toMatchObject({ status: 'cancelled', attempts: [] })
    turn.answer(200, ANSWER)
    ;(await server.stage.turn(third.run.id)).answer(200, ANSWER)
    await eventually(async () => (await person.client.readRun(third.run.id)).status === 'completed')
    expect(server.stage.calls(second.run.id)).toBe(0)
    expect(typesOf((await server.logOf(session, () => true)).filter((e) => e.runId === second.run.id))).toEqual([
      'item.created',
      'run.queued',
      'run.cancelled',
    ])
  })

  test('while it streams keeps what was shown, hangs up on the agent app and lets the next one start', async () => {
    const session = await newSession()
    const { run } = await person.client.say(session, 'a')
    const next = await person.client.say(session, 'b')
    const turn = await server.stage.turn(run.id)
    turn.frame('text', { delta: 'I was ' })
    await server.logOf(session, (log) => typesOf(log).includes('item.delta'))
    const cancelled = await person.client.cancel(run.id)
    expect(cancelled).toMatchObject({ status: 'cancelled', endedAt: expect.any(String) })
    expect(cancelled.attempts).toMatchObject([{ outcome: 'cancelled' }])
    await turn.closed
    ;(await server.stage.turn(next.run.id)).answer(200, ANSWER)
    await eventually(async () => (await person.client.readRun(next.run.id)).status === 'completed')
    const { items } = await person.client.readSession(session)
    expect(contentsOf(items!)).toEqual(['a', 'I was ', 'b', 'ok'])
    expect(items![1]).toMatchObject({ status: 'incomplete', kind: 'step' })
  })

  test('while it waits for its next attempt gets none', async () => {
    await server.main.publish(
      {
        name: 'patient',
        policy: {
          history: { maxItems: 10, maxBytes: 10_000 },
          timeouts: { connectMs: 1_000, idleMs: 60_000, totalMs: 60_000, pauseMs: 60_000 },
          retries: { max: 3, backoffMs: 3_600_000, factor: 1, maxBackoffMs: 3_600_000, jitter: 0 },
          onBusy: 'enqueue',
        },
      },
      'staged',
    )
    const session = await newSession('patient')
    const { run } = await person.client.say(session, 'a')
    const next = await person.client.say(session, 'b')
    ;(await server.stage.turn(run.id)).answer(500, {})
    await server.logOf(session, (log) => typesOf(log).includes('run.retrying'))
    expect((await person.client.readRun(next.run.id)).status).toBe('queued')
    expect(await person.client.cancel(run.id)).toMatchObject({ status: 'cancelled', attempts: [{ outcome: 'failed' }] })
    ;(await server.stage.turn(next.run.id)).answer(200, ANSWER)
    await eventually(async () => (await person.client.readRun(next.run.id)).status === 'completed')
    expect(server.stage.calls(run.id)).toBe(1)
  })

  test('after it has ended is answered as it is, and nothing is written', async () => {
    const { run } = await person.client.ask(await newSession('echo'), 'x')
    const before = await countRows(server.db)
    expect(await person.client.cancel(run.id)).toEqual(await person.client.readRun(run.id))
    expect(run.status).toBe('completed')
    expect(await countRows(server.db)).toEqual(before)
  })

  test('by twenty at once is cancelled once', async () => {
    const session = await newSession()
    const { run } = await person.client.say(session, 'a')
    const answers = await Promise.all(Array.from({ length: 20 }, () => person.client.cancel(run.id)))
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set(['cancelled']))
    const log = await server.logOf(session, () => true)
    expect(typesOf(log).filter((type) => type === 'run.cancelled')).toHaveLength(1)
  })
})
