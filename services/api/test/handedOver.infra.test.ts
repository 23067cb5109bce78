import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { DEFAULT_POLICY } from '@shared/domain/agents'
import { uuidOf } from '@shared/domain/ids'
import { runTokens } from '@shared/intake/runTokens'
import { contentsOf, typesOf, viewOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type PushWorld, STEP, said, startPushWorld, tokenOf } from './pushWorld.ts'

let world: PushWorld
beforeAll(async () => {
  world = await startPushWorld()
})
afterAll(() => world?.server.close())

describe('a run whose agent app answers 202', () => {
  test('goes on by pushes with its token, and ends by one', async () => {
    const { sessionId, runId, app } = await world.handedOver()
    expect((await world.push(runId, { items: [STEP], metadata: { seen: true } }, app)).status).toBe(200)
    expect((await app.post(`/v1/runs/${runId}/keep-alive`)).status).toBe(200)
    const { body } = await world.push(
      runId,
      { status: 'completed', items: [said('at last')], metadata: { more: 1 } },
      app,
    )
    expect(body).toMatchObject({ status: 'completed', attempts: [{ outcome: 'completed', response: { status: 202 } }] })
    expect(await world.shown(sessionId)).toEqual([
      ['input', 'complete', 'hello'],
      ['step', 'complete', 'step'],
      ['output', 'complete', 'at last'],
    ])
    expect((await world.person.client.readSession(sessionId)).metadata).toEqual({ seen: true, more: 1 })
  })

  test('may push before its 202 was read', async () => {
    const sessionId = await world.newSession()
    const { run } = await world.person.client.say(sessionId, 'hello')
    const turn = await world.server.stage.turn(run.id)
    const early = world.push(
      run.id,
      { status: 'completed', items: [said('quick')] },
      world.server.client(tokenOf(turn)),
    )
    turn.answer(202, {})
    expect((await early).body.status).toBe('completed')
    expect(await world.shown(sessionId)).toEqual([
      ['input', 'complete', 'hello'],
      ['output', 'complete', 'quick'],
    ])
  })

  test('may not push when it never answers 202', async () => {
    const { run } = await world.person.client.say(await world.newSession(), 'hello')
    const turn = await world.server.stage.turn(run.id)
    await expectRefused(world.server, 409, 'not_external', () =>
      world.push(run.id, {}, world.server.client(tokenOf(turn))),
    )
    turn.answer(200, { items: [said('ok')] })
  })

  test('streams to who waits for it, and answers who waits, when it has ended', async () => {
    const sessionId = await world.newSession()
    const path = `/v1/sessions/${sessionId}/messages`
    const stream = await world.person.client.stream('POST', path, { body: { input: 'x' } })
    const runId = stream.headers.get('location')!.split('/').at(-1)!
    const turn = await world.server.stage.turn(runId)
    turn.answer(202, {})
    await world.push(runId, { items: [STEP] }, world.server.client(tokenOf(turn)))
    await stream.until((events) => viewOf(events).items.length === 2)
    await world.push(runId, { status: 'completed', items: [said('ok')] }, world.server.client(tokenOf(turn)))
    await stream.ended
    expect(stream.events.at(-1)!.type).toBe('run.completed')
  })

  test('after a pause, and without a further item, has the last one of before as its output', async () => {
    const sessionId = await world.newSession()
    const { run } = await world.person.client.say(sessionId, 'hello')
    const first = await world.server.stage.turn(run.id)
    first.frame('text', { delta: 'I have to ask.' })
    first.frame('pause', { toolCalls: [{ callId: 'a', name: 'ask', arguments: 1 }] })
    first.end()
    const paused = await eventually(async () => {
      const now = await world.person.client.readRun(run.id)
      return now.status === 'paused' && now
    })
    await expectRefused(world.server, 409, 'run_ended', () =>
      world.push(run.id, {}, world.server.client(tokenOf(first))),
    )
    await expectRefused(world.server, 409, 'not_external', () => world.push(run.id, {}))
    await world.person.client.resume(paused, { toolResults: [{ callId: 'a', output: 1 }] })
    const second = await world.server.stage.turn(run.id, 2)
    second.answer(202, {})
    await world.push(run.id, { status: 'completed' }, world.server.client(tokenOf(second)))
    expect(await world.shown(sessionId)).toEqual([
      ['input', 'complete', 'hello'],
      ['output', 'complete', 'I have to ask.'],
    ])
    await expectRefused(world.server, 409, 'run_ended', () =>
      world.push(run.id, { status: 'completed' }, world.server.client(tokenOf(first))),
    )
  })

  test('and that is silent for too long fails', async () => {
    await world.server.main.publish({ name: 'brisk', runs: [{ type: 'chat', idleTimeout: 1_000 }] }, 'staged')
    const { sessionId, runId, app } = await world.handedOver('brisk')
    await world.push(runId, { items: [said('half')], state: 1 }, app)
    const { lastRun } = await eventually(async () => {
      const session = await world.person.client.readSession(sessionId)
      return session.lastRun?.endedAt !== undefined && session
    })
    expect(lastRun).toMatchObject({
      status: 'failed',
      error: { code: 'idle_timeout' },
      attempts: [{ outcome: 'failed' }],
    })
    for (const client of [app, world.secret])
      await expectRefused(world.server, 409, 'run_ended', () => world.push(runId, { status: 'failed' }, client))
    expect((await world.shown(sessionId)).at(-1)).toEqual(['step', 'complete', 'half'])
    expect((await world.person.client.readSession(sessionId)).state).toBeNull()
  })

  test('has more time after each push and each keep-alive', async () => {
    const { runId, app } = await world.handedOver()
    await world.push(runId, {}, app)
    const deadline = async () => {
      const select = 'select deadline_at::text as at from runs where id = $1'
      return (await world.server.rows<{ at: string }>(select, uuidOf('run', runId)))[0]!.at
    }
    const deadlines = [await deadline()]
    for (const ask of [
      () => app.post(`/v1/runs/${runId}/keep-alive`),
      () => world.push(runId, { items: [STEP] }, app),
    ]) {
      await ask()
      deadlines.push(await deadline())
    }
    expect(new Set(deadlines).size).toBe(3)
    expect(deadlines).toEqual(deadlines.toSorted())
    await world.person.client.cancel(runId)
  })

  test('interrupted by a message takes no more pushes', async () => {
    const { sessionId, runId, app } = await world.handedOver()
    await world.push(runId, { items: [said('half')] }, app)
    const next = await world.person.client.say(sessionId, 'stop', { onBusy: 'interrupt' })
    await expectRefused(world.server, 409, 'run_ended', () => world.push(runId, { items: [STEP] }, app))
    expect((await world.shown(sessionId))[1]).toEqual(['step', 'complete', 'half'])
    await world.person.client.cancel(next.run.id)
  })
})

describe('a run’s token', () => {
  test('is good for that run alone, and for nothing but pushes', async () => {
    const { runId, app } = await world.handedOver()
    const other = await world.handedOver()
    await expectRefused(world.server, 404, 'not_found', () => world.push(other.runId, { items: [STEP] }, app))
    await expectRefused(world.server, 404, 'not_found', () => app.post(`/v1/runs/${other.runId}/keep-alive`))
    for (const { method, path, operationId } of world.server.contract.routes) {
      if (operationId === 'pushRun' || operationId === 'keepRunAlive') continue
      const place = path.replace('{runId}', runId).replace('{sessionId}', other.sessionId).replace('{name}', 'staged')
      await expectRefused(world.server, 403, 'forbidden', () => app.request(method.toUpperCase(), place))
    }
    for (const id of [runId, other.runId]) await world.person.client.cancel(id)
  })

  test('forged, altered or cut is refused', async () => {
    const { runId, sessionId, turn } = await world.handedOver()
    const token = tokenOf(turn)
    const parts = token.split('.')
    const claims = { organizationId: world.server.main.organizationId, sessionId, runId, epoch: 1 }
    const changed = (place: number, text: string) => parts.map((part, at) => (at === place ? text : part)).join('.')
    const forged = [
      runTokens('another secret of thirty-two characters').issue(claims),
      changed(3, '2'),
      changed(3, '01'),
      changed(0, `av_rt_${world.server.other.organizationId}`),
      changed(4, parts[4]!.slice(0, -1)),
      changed(4, ''),
      `${token}.x`,
      `${token}A`,
      'av_rt_',
      'av_rt_....',
      token.toUpperCase(),
    ]
    for (const credential of forged)
      await expectRefused(world.server, 401, 'unauthorized', () =>
        world.push(runId, {}, world.server.client(credential)),
      )
    expect(runTokens(world.server.secret).issue(claims)).toBe(token)
    await world.person.client.cancel(runId)
  })

  test('of another organization, or of an epoch that is over or yet to come, gets nothing', async () => {
    const { runId, sessionId } = await world.handedOver()
    const tokens = runTokens(world.server.secret)
    const claims = { organizationId: world.server.main.organizationId, sessionId, runId, epoch: 1 }
    const foreign = world.server.client(tokens.issue({ ...claims, organizationId: world.server.other.organizationId }))
    await expectRefused(world.server, 404, 'not_found', () => world.push(runId, {}, foreign))
    for (const epoch of [0, 2]) {
      const stale = world.server.client(tokens.issue({ ...claims, epoch }))
      for (const body of [{}, { items: [STEP] }, { status: 'completed', items: [STEP] }])
        await expectRefused(world.server, 409, 'run_ended', () => world.push(runId, body, stale))
    }
    await world.push(runId, { status: 'completed', items: [STEP] })
    const stale = world.server.client(tokens.issue({ ...claims, epoch: 0 }))
    await expectRefused(world.server, 409, 'run_ended', () =>
      world.push(runId, { status: 'completed', items: [STEP] }, stale),
    )
  })

  test('of an attempt that failed is no longer good when the next one has it', async () => {
    const sessionId = await world.newSession()
    const { run } = await world.person.client.say(sessionId, 'x')
    const first = await world.server.stage.turn(run.id)
    first.answer(503, {})
    const second = await world.server.stage.turn(run.id, 2)
    expect(tokenOf(second)).not.toBe(tokenOf(first))
    second.answer(202, {})
    await expectRefused(world.server, 409, 'run_ended', () =>
      world.push(run.id, { items: [STEP] }, world.server.client(tokenOf(first))),
    )
    await world.push(run.id, { status: 'completed', items: [said('ok')] }, world.server.client(tokenOf(second)))
  })
})

test('a policy of retries does not touch a run that its agent app fails by itself', async () => {
  const retries = { ...DEFAULT_POLICY.retries, max: 5, backoffMs: 0 }
  await world.server.main.publish({ name: 'retries', policy: { ...DEFAULT_POLICY, retries } }, 'staged')
  const { sessionId, runId, app } = await world.handedOver('retries')
  await world.push(runId, { status: 'failed', error: { code: 'no_luck', message: 'No.' } }, app)
  expect(typesOf(await world.server.logOf(sessionId, () => true)).at(-1)).toBe('run.failed')
  expect(contentsOf((await world.person.client.readSession(sessionId)).items!)).toEqual(['hello'])
})
