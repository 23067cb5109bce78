import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type PushWorld, STEP, said, startPushWorld } from './pushWorld.ts'

let world: PushWorld
beforeAll(async () => {
  world = await startPushWorld()
})
afterAll(() => world?.server.close())

describe('a run that an agent app begins by itself', () => {
  test('has its input and items, grows by pushes and ends with its output; readers see all of it', async () => {
    const sessionId = await world.newSession()
    const reader = await world.person.client.stream('GET', `/v1/sessions/${sessionId}/events`)
    const { status, headers, body } = await world.begin(sessionId, {
      input: 'do it',
      items: [STEP],
      metadata: { by: 'cron' },
    })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/v1/runs/${body.id}`)
    expect(body).toMatchObject({ status: 'running', metadata: { by: 'cron' }, attempts: [{ outcome: 'running' }] })
    expect((await world.push(body.id, { items: [STEP, STEP], usage: { inputTokens: 5 } })).body.status).toBe('running')
    expect((await world.secret.post(`/v1/runs/${body.id}/keep-alive`)).status).toBe(200)
    const end = { status: 'completed', items: [said('done')], state: { n: 1 }, usage: { inputTokens: 7 } }
    expect((await world.push(body.id, end)).body).toMatchObject({
      status: 'completed',
      usage: { inputTokens: 7 },
      attempts: [{ outcome: 'completed' }],
    })
    await reader.until((events) => events.at(-1)?.type === 'run.completed')
    reader.close()
    expect(reader.events).toEqual(await world.server.logOf(sessionId, () => true))
    expect(await world.shown(sessionId)).toEqual([
      ['input', 'complete', 'do it'],
      ...[1, 2, 3].map(() => ['step', 'complete', 'step']),
      ['output', 'complete', 'done'],
    ])
    expect((await world.person.client.readSession(sessionId)).state).toEqual({ n: 1 })
    const next = await world.person.client.say(sessionId, 'and now?')
    const { request } = await world.server.stage.turn(next.run.id)
    expect(request.items).toHaveLength(5)
    await world.person.client.cancel(next.run.id)
  })

  test('may be over at once, and what stands behind nothing is not blocked', async () => {
    const sessionId = await world.newSession()
    const { body } = await world.begin(sessionId, {
      input: 'x',
      status: 'completed',
      items: [STEP, said('y')],
      state: [1],
    })
    expect(body).toMatchObject({ status: 'completed', attempts: [{ outcome: 'completed' }] })
    expect((await world.shown(sessionId)).at(-1)).toEqual(['output', 'complete', 'y'])
    expect((await world.person.client.readSession(sessionId)).state).toEqual([1])
    const failed = await world.begin(sessionId, {
      status: 'failed',
      error: { code: 'no_luck', message: 'No.' },
      state: [2],
    })
    expect(failed.body).toMatchObject({ status: 'failed', error: { code: 'no_luck', message: 'No.' } })
    expect((await world.person.client.readSession(sessionId)).state).toEqual([1])
  })

  test('makes the output of what was pushed last, when it ends without an item', async () => {
    const { id, sessionId } = await world.begun({ items: [STEP] })
    await world.push(id, { items: [said('the last')] })
    expect((await world.push(id, { status: 'completed' })).body.status).toBe('completed')
    expect(await world.shown(sessionId)).toEqual([
      ['step', 'complete', 'step'],
      ['output', 'complete', 'the last'],
    ])
  })

  test('is refused while the session is busy, and keeps messages waiting while it runs', async () => {
    const run = await world.begun({ input: 'x' })
    const busy = await expectRefused(world.server, 409, 'session_busy', () =>
      world.begin(run.sessionId, { input: 'y' }),
    )
    expect(busy.activeRunId).toBe(run.id)
    const next = await world.person.client.say(run.sessionId, 'later')
    expect(next.run).toMatchObject({ status: 'queued', queuePosition: 1 })
    await world.push(run.id, { status: 'failed' })
    const turn = await world.server.stage.turn(next.run.id)
    turn.answer(200, { items: [said('ok')] })
    await world.server.logOf(run.sessionId, (log) => log.at(-1)?.type === 'run.completed')
  })

  test('under a key is made once, and a push under a key adds once', async () => {
    const sessionId = await world.newSession()
    const key = { 'idempotency-key': 'one' }
    const all = await Promise.all(Array.from({ length: 10 }, () => world.begin(sessionId, { input: 'x' }, key)))
    expect(new Set(all.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    expect(all.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    await expectRefused(world.server, 422, 'idempotency_mismatch', () => world.begin(sessionId, { input: 'y' }, key))
    const { id } = all[0]!.body
    const pushes = await Promise.all(
      Array.from({ length: 10 }, () => world.push(id, { items: [STEP] }, world.secret, key)),
    )
    expect(new Set(pushes.map(({ status }) => status))).toEqual(new Set([200]))
    expect(pushes.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    await expectRefused(world.server, 422, 'idempotency_mismatch', () =>
      world.push(id, { items: [] }, world.secret, key),
    )
    await world.push(id, { status: 'completed', items: [said('z')] })
    expect((await world.push(id, { items: [STEP] }, world.secret, key)).body.status).toBe('completed')
    expect(await world.shown(sessionId)).toHaveLength(3)
  })
})

describe('after the end of a run', () => {
  test('the same end again is answered with it, also ten times at once, and all else is refused', async () => {
    const { id, sessionId } = await world.begun()
    const end = { status: 'completed', items: [said('done')] }
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.push(id, end)))
    expect(answers.map(({ status, body }) => `${status} ${body.status}`)).toEqual(
      Array.from({ length: 10 }, () => '200 completed'),
    )
    expect(await world.shown(sessionId)).toEqual([['output', 'complete', 'done']])
    for (const body of [{}, { items: [STEP] }, { status: 'failed' }, { status: 'running' }])
      await expectRefused(world.server, 409, 'run_ended', () => world.push(id, body))
    await expectRefused(world.server, 409, 'run_ended', () => world.secret.post(`/v1/runs/${id}/keep-alive`))
  })

  test('by a cancel nothing is taken, and what was pushed stays', async () => {
    const { sessionId, runId, app } = await world.handedOver()
    await world.push(runId, { items: [said('half')], state: 'half' }, app)
    expect(await world.person.client.cancel(runId)).toMatchObject({
      status: 'cancelled',
      attempts: [{ outcome: 'cancelled' }],
    })
    for (const client of [app, world.secret]) {
      for (const body of [{ items: [STEP] }, { status: 'completed', items: [STEP] }, { status: 'failed' }])
        await expectRefused(world.server, 409, 'run_ended', () => world.push(runId, body, client))
    }
    expect(await world.shown(sessionId)).toEqual([
      ['input', 'complete', 'hello'],
      ['step', 'complete', 'half'],
    ])
    expect((await world.person.client.readSession(sessionId)).state).toBeNull()
  })

  test('another failure than its own is refused', async () => {
    const { id } = await world.begun()
    const error = { code: 'no_luck', message: 'No.' }
    await world.push(id, { status: 'failed', error })
    expect((await world.push(id, { status: 'failed', error })).status).toBe(200)
    await expectRefused(world.server, 409, 'run_ended', () => world.push(id, { status: 'failed' }))
  })
})
