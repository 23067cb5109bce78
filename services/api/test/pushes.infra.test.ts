import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { DEFAULT_POLICY } from '@shared/domain/agents'
import { uuidOf } from '@shared/domain/ids'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { runTokens } from '@shared/intake/runTokens'
import type { ApiClient } from '../../../test/server/apiClient.ts'
import type { AgentTurn } from '../../../test/server/agentApps.ts'
import { contentsOf, typesOf, viewOf } from '../../../test/server/eventChecks.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
let secret: ApiClient

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  secret = server.main.client
})

afterAll(() => server?.close())

const STEP = { type: 'step' }
const said = (content: string) => ({ type: 'message', role: 'assistant', content })
const newSession = async (agent = 'staged') => (await person.client.createSession({ agent })).id
const begin = (sessionId: string, body: object = {}, headers: Record<string, string> = {}) =>
  secret.post<Run>(`/v1/sessions/${sessionId}/runs`, body, headers)
const push = (runId: string, body: object = {}, client = secret, headers: Record<string, string> = {}) =>
  client.request<Run>('PATCH', `/v1/runs/${runId}`, { body, headers })
const tokenOf = (turn: AgentTurn) => String(turn.headers['agentview-run-token'])

async function begun(body: object = {}): Promise<Run> {
  const answer = await begin(await newSession(), body)
  expect(answer.status).toBe(201)
  return answer.body
}

/** A run whose agent app has answered 202. */
async function handedOver(agent = 'staged') {
  const sessionId = await newSession(agent)
  const { run } = await person.client.say(sessionId, 'hello')
  const turn = await server.stage.turn(run.id)
  turn.answer(202, {})
  return { sessionId, runId: run.id, turn, app: server.client(tokenOf(turn)) }
}

/** The session's items, which must be those that a reader has folded. */
async function shown(sessionId: string): Promise<unknown[]> {
  const { items } = await person.client.readSession(sessionId)
  expect(viewOf(await server.logOf(sessionId, () => true)).items).toEqual(items)
  return items!.map(({ kind, status, data }) => [kind, status, data['content'] ?? data['type']])
}

describe('a run that an agent app begins by itself', () => {
  test('has its input and items, grows by pushes and ends with its output; readers see all of it', async () => {
    const sessionId = await newSession()
    const reader = await person.client.stream('GET', `/v1/sessions/${sessionId}/events`)
    const { status, headers, body } = await begin(sessionId, {
      input: 'do it',
      items: [STEP],
      metadata: { by: 'cron' },
    })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/v1/runs/${body.id}`)
    expect(body).toMatchObject({ status: 'running', metadata: { by: 'cron' }, attempts: [{ outcome: 'running' }] })
    expect((await push(body.id, { items: [STEP, STEP], usage: { inputTokens: 5 } })).body.status).toBe('running')
    expect((await secret.post(`/v1/runs/${body.id}/keep-alive`)).status).toBe(200)
    const end = { status: 'completed', items: [said('done')], state: { n: 1 }, usage: { inputTokens: 7 } }
    expect((await push(body.id, end)).body).toMatchObject({
      status: 'completed',
      usage: { inputTokens: 7 },
      attempts: [{ outcome: 'completed' }],
    })
    await reader.until((events) => events.at(-1)?.type === 'run.completed')
    reader.close()
    expect(reader.events).toEqual(await server.logOf(sessionId, () => true))
    expect(await shown(sessionId)).toEqual([
      ['input', 'complete', 'do it'],
      ...[1, 2, 3].map(() => ['step', 'complete', 'step']),
      ['output', 'complete', 'done'],
    ])
    expect((await person.client.readSession(sessionId)).state).toEqual({ n: 1 })
    const next = await person.client.say(sessionId, 'and now?')
    const { request } = await server.stage.turn(next.run.id)
    expect(request.items).toHaveLength(5)
    await person.client.cancel(next.run.id)
  })

  test('may be over at once, and what stands behind nothing is not blocked', async () => {
    const sessionId = await newSession()
    const { body } = await begin(sessionId, { input: 'x', status: 'completed', items: [STEP, said('y')], state: [1] })
    expect(body).toMatchObject({ status: 'completed', attempts: [{ outcome: 'completed' }] })
    expect((await shown(sessionId)).at(-1)).toEqual(['output', 'complete', 'y'])
    expect((await person.client.readSession(sessionId)).state).toEqual([1])
    const failed = await begin(sessionId, { status: 'failed', error: { code: 'no_luck', message: 'No.' }, state: [2] })
    expect(failed.body).toMatchObject({ status: 'failed', error: { code: 'no_luck', message: 'No.' } })
    expect((await person.client.readSession(sessionId)).state).toEqual([1])
  })

  test('makes the output of what was pushed last, when it ends without an item', async () => {
    const { id, sessionId } = await begun({ items: [STEP] })
    await push(id, { items: [said('the last')] })
    expect((await push(id, { status: 'completed' })).body.status).toBe('completed')
    expect(await shown(sessionId)).toEqual([
      ['step', 'complete', 'step'],
      ['output', 'complete', 'the last'],
    ])
  })

  test('is refused while the session is busy, and keeps messages waiting while it runs', async () => {
    const run = await begun({ input: 'x' })
    const busy = await expectRefused(server, 409, 'session_busy', () => begin(run.sessionId, { input: 'y' }))
    expect(busy.activeRunId).toBe(run.id)
    const next = await person.client.say(run.sessionId, 'later')
    expect(next.run).toMatchObject({ status: 'queued', queuePosition: 1 })
    await push(run.id, { status: 'failed' })
    const turn = await server.stage.turn(next.run.id)
    turn.answer(200, { items: [said('ok')] })
    await server.logOf(run.sessionId, (log) => log.at(-1)?.type === 'run.completed')
  })

  test('under a key is made once, and a push under a key adds once', async () => {
    const sessionId = await newSession()
    const key = { 'idempotency-key': 'one' }
    const all = await Promise.all(Array.from({ length: 10 }, () => begin(sessionId, { input: 'x' }, key)))
    expect(new Set(all.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    expect(all.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    await expectRefused(server, 422, 'idempotency_mismatch', () => begin(sessionId, { input: 'y' }, key))
    const { id } = all[0]!.body
    const pushes = await Promise.all(Array.from({ length: 10 }, () => push(id, { items: [STEP] }, secret, key)))
    expect(new Set(pushes.map(({ status }) => status))).toEqual(new Set([200]))
    expect(pushes.filter(({ headers }) => !headers.has('idempotent-replayed'))).toHaveLength(1)
    await expectRefused(server, 422, 'idempotency_mismatch', () => push(id, { items: [] }, secret, key))
    await push(id, { status: 'completed', items: [said('z')] })
    expect((await push(id, { items: [STEP] }, secret, key)).body.status).toBe('completed')
    expect(await shown(sessionId)).toHaveLength(3)
  })
})

describe('after the end of a run', () => {
  test('the same end again is answered with it, also ten times at once, and all else is refused', async () => {
    const { id, sessionId } = await begun()
    const end = { status: 'completed', items: [said('done')] }
    const answers = await Promise.all(Array.from({ length: 10 }, () => push(id, end)))
    expect(answers.map(({ status, body }) => `${status} ${body.status}`)).toEqual(
      Array.from({ length: 10 }, () => '200 completed'),
    )
    expect(await shown(sessionId)).toEqual([['output', 'complete', 'done']])
    for (const body of [{}, { items: [STEP] }, { status: 'failed' }, { status: 'running' }])
      await expectRefused(server, 409, 'run_ended', () => push(id, body))
    await expectRefused(server, 409, 'run_ended', () => secret.post(`/v1/runs/${id}/keep-alive`))
  })

  test('by a cancel nothing is taken, and what was pushed stays', async () => {
    const { sessionId, runId, app } = await handedOver()
    await push(runId, { items: [said('half')], state: 'half' }, app)
    expect(await person.client.cancel(runId)).toMatchObject({
      status: 'cancelled',
      attempts: [{ outcome: 'cancelled' }],
    })
    for (const client of [app, secret]) {
      for (const body of [{ items: [STEP] }, { status: 'completed', items: [STEP] }, { status: 'failed' }])
        await expectRefused(server, 409, 'run_ended', () => push(runId, body, client))
    }
    expect(await shown(sessionId)).toEqual([
      ['input', 'complete', 'hello'],
      ['step', 'complete', 'half'],
    ])
    expect((await person.client.readSession(sessionId)).state).toBeNull()
  })

  test('another failure than its own is refused', async () => {
    const { id } = await begun()
    const error = { code: 'no_luck', message: 'No.' }
    await push(id, { status: 'failed', error })
    expect((await push(id, { status: 'failed', error })).status).toBe(200)
    await expectRefused(server, 409, 'run_ended', () => push(id, { status: 'failed' }))
  })
})

describe('a run whose agent app answers 202', () => {
  test('goes on by pushes with its token, and ends by one', async () => {
    const { sessionId, runId, app } = await handedOver()
    expect((await push(runId, { items: [STEP], metadata: { seen: true } }, app)).status).toBe(200)
    expect((await app.post(`/v1/runs/${runId}/keep-alive`)).status).toBe(200)
    const { body } = await push(runId, { status: 'completed', items: [said('at last')], metadata: { more: 1 } }, app)
    expect(body).toMatchObject({ status: 'completed', attempts: [{ outcome: 'completed', response: { status: 202 } }] })
    expect(await shown(sessionId)).toEqual([
      ['input', 'complete', 'hello'],
      ['step', 'complete', 'step'],
      ['output', 'complete', 'at last'],
    ])
    expect((await person.client.readSession(sessionId)).metadata).toEqual({ seen: true, more: 1 })
  })

  test('may push before its 202 was read', async () => {
    const sessionId = await newSession()
    const { run } = await person.client.say(sessionId, 'hello')
    const turn = await server.stage.turn(run.id)
    const early = push(run.id, { status: 'completed', items: [said('quick')] }, server.client(tokenOf(turn)))
    turn.answer(202, {})
    expect((await early).body.status).toBe('completed')
    expect(await shown(sessionId)).toEqual([
      ['input', 'complete', 'hello'],
      ['output', 'complete', 'quick'],
    ])
  })

  test('may not push when it never answers 202', async () => {
    const { run } = await person.client.say(await newSession(), 'hello')
    const turn = await server.stage.turn(run.id)
    await expectRefused(server, 409, 'not_external', () => push(run.id, {}, server.client(tokenOf(turn))))
    turn.answer(200, { items: [said('ok')] })
  })

  test('streams to who waits for it, and answers who waits, when it has ended', async () => {
    const sessionId = await newSession()
    const path = `/v1/sessions/${sessionId}/messages`
    const stream = await person.client.stream('POST', path, { body: { input: 'x' } })
    const runId = stream.headers.get('location')!.split('/').at(-1)!
    const turn = await server.stage.turn(runId)
    turn.answer(202, {})
    await push(runId, { items: [STEP] }, server.client(tokenOf(turn)))
    await stream.until((events) => viewOf(events).items.length === 2)
    await push(runId, { status: 'completed', items: [said('ok')] }, server.client(tokenOf(turn)))
    await stream.ended
    expect(stream.events.at(-1)!.type).toBe('run.completed')
  })

  test('after a pause, and without a further item, has the last one of before as its output', async () => {
    const sessionId = await newSession()
    const { run } = await person.client.say(sessionId, 'hello')
    const first = await server.stage.turn(run.id)
    first.frame('text', { delta: 'I have to ask.' })
    first.frame('pause', { toolCalls: [{ callId: 'a', name: 'ask', arguments: 1 }] })
    first.end()
    const paused = await eventually(async () => {
      const now = await person.client.readRun(run.id)
      return now.status === 'paused' && now
    })
    await expectRefused(server, 409, 'run_ended', () => push(run.id, {}, server.client(tokenOf(first))))
    await expectRefused(server, 409, 'not_external', () => push(run.id, {}))
    await person.client.resume(paused, { toolResults: [{ callId: 'a', output: 1 }] })
    const second = await server.stage.turn(run.id, 2)
    second.answer(202, {})
    await push(run.id, { status: 'completed' }, server.client(tokenOf(second)))
    expect(await shown(sessionId)).toEqual([
      ['input', 'complete', 'hello'],
      ['output', 'complete', 'I have to ask.'],
    ])
    await expectRefused(server, 409, 'run_ended', () =>
      push(run.id, { status: 'completed' }, server.client(tokenOf(first))),
    )
  })

  test('and that is silent for too long fails', async () => {
    await server.main.publish({ name: 'brisk', runs: [{ type: 'chat', idleTimeout: 1_000 }] }, 'staged')
    const { sessionId, runId, app } = await handedOver('brisk')
    await push(runId, { items: [said('half')], state: 1 }, app)
    const { lastRun } = await eventually(async () => {
      const session = await person.client.readSession(sessionId)
      return session.lastRun?.endedAt !== undefined && session
    })
    expect(lastRun).toMatchObject({
      status: 'failed',
      error: { code: 'idle_timeout' },
      attempts: [{ outcome: 'failed' }],
    })
    for (const client of [app, secret])
      await expectRefused(server, 409, 'run_ended', () => push(runId, { status: 'failed' }, client))
    expect((await shown(sessionId)).at(-1)).toEqual(['step', 'complete', 'half'])
    expect((await person.client.readSession(sessionId)).state).toBeNull()
  })

  test('has more time after each push and each keep-alive', async () => {
    const { runId, app } = await handedOver()
    await push(runId, {}, app)
    const deadline = async () => {
      const select = 'select deadline_at::text as at from runs where id = $1'
      return (await server.rows<{ at: string }>(select, uuidOf('run', runId)))[0]!.at
    }
    const deadlines = [await deadline()]
    for (const ask of [() => app.post(`/v1/runs/${runId}/keep-alive`), () => push(runId, { items: [STEP] }, app)]) {
      await ask()
      deadlines.push(await deadline())
    }
    expect(new Set(deadlines).size).toBe(3)
    expect(deadlines).toEqual(deadlines.toSorted())
    await person.client.cancel(runId)
  })

  test('interrupted by a message takes no more pushes', async () => {
    const { sessionId, runId, app } = await handedOver()
    await push(runId, { items: [said('half')] }, app)
    const next = await person.client.say(sessionId, 'stop', { onBusy: 'interrupt' })
    await expectRefused(server, 409, 'run_ended', () => push(runId, { items: [STEP] }, app))
    expect((await shown(sessionId))[1]).toEqual(['step', 'complete', 'half'])
    await person.client.cancel(next.run.id)
  })
})

describe('a run’s token', () => {
  test('is good for that run alone, and for nothing but pushes', async () => {
    const { runId, app } = await handedOver()
    const other = await handedOver()
    await expectRefused(server, 404, 'not_found', () => push(other.runId, { items: [STEP] }, app))
    await expectRefused(server, 404, 'not_found', () => app.post(`/v1/runs/${other.runId}/keep-alive`))
    for (const { method, path, operationId } of server.contract.routes) {
      if (operationId === 'pushRun' || operationId === 'keepRunAlive') continue
      const place = path.replace('{runId}', runId).replace('{sessionId}', other.sessionId).replace('{name}', 'staged')
      await expectRefused(server, 403, 'forbidden', () => app.request(method.toUpperCase(), place))
    }
    for (const id of [runId, other.runId]) await person.client.cancel(id)
  })

  test('forged, altered or cut is refused', async () => {
    const { runId, sessionId, turn } = await handedOver()
    const token = tokenOf(turn)
    const parts = token.split('.')
    const claims = { organizationId: server.main.organizationId, sessionId, runId, epoch: 1 }
    const changed = (place: number, text: string) => parts.map((part, at) => (at === place ? text : part)).join('.')
    const forged = [
      runTokens('another secret of thirty-two characters').issue(claims),
      changed(3, '2'),
      changed(3, '01'),
      changed(0, `av_rt_${server.other.organizationId}`),
      changed(4, parts[4]!.slice(0, -1)),
      changed(4, ''),
      `${token}.x`,
      `${token}A`,
      'av_rt_',
      'av_rt_....',
      token.toUpperCase(),
    ]
    for (const credential of forged)
      await expectRefused(server, 401, 'unauthorized', () => push(runId, {}, server.client(credential)))
    expect(runTokens(server.secret).issue(claims)).toBe(token)
    await person.client.cancel(runId)
  })

  test('of another organization, or of an epoch that is over or yet to come, gets nothing', async () => {
    const { runId, sessionId } = await handedOver()
    const tokens = runTokens(server.secret)
    const claims = { organizationId: server.main.organizationId, sessionId, runId, epoch: 1 }
    const foreign = server.client(tokens.issue({ ...claims, organizationId: server.other.organizationId }))
    await expectRefused(server, 404, 'not_found', () => push(runId, {}, foreign))
    for (const epoch of [0, 2]) {
      const stale = server.client(tokens.issue({ ...claims, epoch }))
      for (const body of [{}, { items: [STEP] }, { status: 'completed', items: [STEP] }])
        await expectRefused(server, 409, 'run_ended', () => push(runId, body, stale))
    }
    await push(runId, { status: 'completed', items: [STEP] })
    const stale = server.client(tokens.issue({ ...claims, epoch: 0 }))
    await expectRefused(server, 409, 'run_ended', () => push(runId, { status: 'completed', items: [STEP] }, stale))
  })

  test('of an attempt that failed is no longer good when the next one has it', async () => {
    const sessionId = await newSession()
    const { run } = await person.client.say(sessionId, 'x')
    const first = await server.stage.turn(run.id)
    first.answer(503, {})
    const second = await server.stage.turn(run.id, 2)
    expect(tokenOf(second)).not.toBe(tokenOf(first))
    second.answer(202, {})
    await expectRefused(server, 409, 'run_ended', () => push(run.id, { items: [STEP] }, server.client(tokenOf(first))))
    await push(run.id, { status: 'completed', items: [said('ok')] }, server.client(tokenOf(second)))
  })
})

describe('pushes that are refused leave nothing behind', () => {
  const big = { text: 'x'.repeat(tunables.itemBytes) }
  let run: Run
  beforeAll(async () => {
    await server.main.publish(
      {
        name: 'typed',
        metadata: { n: { type: 'integer' } },
        allowUnknownMetadata: false,
        runs: [
          {
            type: 'chat',
            steps: [{ schema: { type: 'object', required: ['step'] } }],
            validateSteps: true,
            output: { schema: { type: 'object', required: ['answer'] } },
          },
        ],
      },
      'staged',
    )
    run = (await begin(await newSession('typed'))).body
    await push(run.id, { items: [{ step: 1 }] })
  })

  test.each<[string, number, string, object]>([
    ['a step that fits none of the agent’s', 422, 'schema_violation', { items: [{ step: 1 }, { other: 1 }] }],
    ['an output that does not fit', 422, 'schema_violation', { status: 'completed', items: [{ step: 1 }] }],
    ['a step that would be the output', 422, 'schema_violation', { status: 'completed' }],
    ['metadata of another type', 422, 'schema_violation', { metadata: { n: 'one' } }],
    ['metadata that the agent does not know', 422, 'schema_violation', { metadata: { other: 1 } }],
    ['an item over the cap', 413, 'payload_too_large', { items: [{ step: 1, ...big }] }],
    ['a state over the cap', 413, 'payload_too_large', { state: big }],
    ['metadata over the cap', 413, 'payload_too_large', { metadata: { n: 1, m: 'x'.repeat(tunables.metadataBytes) } }],
    ['a body over the cap', 413, 'payload_too_large', { items: [big, big, big, big] }],
    ['an error of a run that goes on', 400, 'invalid_request', { error: { code: 'x', message: 'y' } }],
    [
      'an error of one that completes',
      400,
      'invalid_request',
      { status: 'completed', error: { code: 'x', message: 'y' } },
    ],
    ['a code that is none', 400, 'invalid_request', { status: 'failed', error: { code: 'No!', message: 'y' } }],
    ['a status of ours', 400, 'invalid_request', { status: 'cancelled' }],
    ['what is ours', 400, 'invalid_request', { epoch: 7 }],
    ['an item that is no object', 400, 'invalid_request', { items: ['x'] }],
    ['too many items', 400, 'invalid_request', { items: Array.from({ length: 1_001 }, () => ({})) }],
    ['a NUL', 400, 'invalid_request', { items: [{ step: 'a\u0000b' }] }],
    ['negative usage', 400, 'invalid_request', { usage: { inputTokens: -1 } }],
  ])('%s: %d %s', async (_what, status, code, body) => {
    const before = await server.logOf(run.sessionId, () => true)
    await expectRefused(server, status, code, () => push(run.id, body))
    expect(await server.logOf(run.sessionId, () => true)).toEqual(before)
  })

  test('a completed run without any item', async () => {
    const sessionId = await newSession()
    await expectRefused(server, 400, 'invalid_request', () => begin(sessionId, { status: 'completed' }))
    const { id } = await begun()
    await expectRefused(server, 400, 'invalid_request', () => push(id, { status: 'completed' }))
    expect((await push(id, { status: 'completed', items: [said('x')] })).status).toBe(200)
  })

  test('a run of a type that the agent has not, or in a version that does not go on with the session', async () => {
    const sessionId = await newSession('typed')
    await expectRefused(server, 422, 'schema_violation', () => begin(sessionId, { runType: 'other' }))
    await expectRefused(server, 409, 'version_incompatible', () => begin(sessionId, { version: '9.0.0' }))
    const items = { status: 'completed', items: [{ step: 1 }] }
    await expectRefused(server, 422, 'schema_violation', () => begin(sessionId, items))
  })

  test('a push to a run that waits in line', async () => {
    const sessionId = await newSession()
    const [held, queued] = [await person.client.say(sessionId, 'a'), await person.client.say(sessionId, 'b')]
    await server.stage.turn(held.run.id)
    for (const body of [{ items: [STEP] }, { status: 'completed', items: [STEP] }])
      await expectRefused(server, 409, 'not_external', () => push(queued.run.id, body))
    for (const { run: live } of [queued, held]) await person.client.cancel(live.id)
  })
})

test('a policy of retries does not touch a run that its agent app fails by itself', async () => {
  const retries = { ...DEFAULT_POLICY.retries, max: 5, backoffMs: 0 }
  await server.main.publish({ name: 'retries', policy: { ...DEFAULT_POLICY, retries } }, 'staged')
  const { sessionId, runId, app } = await handedOver('retries')
  await push(runId, { status: 'failed', error: { code: 'no_luck', message: 'No.' } }, app)
  expect(typesOf(await server.logOf(sessionId, () => true)).at(-1)).toBe('run.failed')
  expect(contentsOf((await person.client.readSession(sessionId)).items!)).toEqual(['hello'])
})
