import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { AgentDefinition } from '@shared/domain/agents'
import type { JsonObject } from '@shared/domain/json'
import { typesOf } from '../../../shared/store/test/testEngine.ts'
import type { AgentCall } from './agentApp.ts'
import { POLICY, type World, startWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('postgres')
})
beforeEach(async () => {
  await world.publish({})
  await world.startWorker()
})
afterEach(() => world.clear())
afterAll(() => world.close())

/** What the agent app does with its first call, its second, … and, as the last one, with all others. */
const inTurn =
  (...turns: ((call: AgentCall) => unknown)[]) =>
  (call: AgentCall) =>
    turns[Math.min(world.app.calls.indexOf(call), turns.length - 1)]!(call)

const fails = (call: AgentCall) => call.status(503, 'overloaded')
const breaks = (text: string) => (call: AgentCall) => {
  call.send('item', { item: { type: 'thought', content: `thinking ${text}` } })
  call.text(text)
  setTimeout(() => call.response.destroy(), 20)
}
const answers = (content: string) => (call: AgentCall) => call.answer([{ content }])

describe('a run whose attempts fail', () => {
  test('is tried again until one succeeds; only that one’s items stay', async () => {
    const sessionId = await world.engine.newSession()
    world.app.onCall = inTurn(breaks('one'), breaks('two'), answers('three'))
    const run = await world.ended(await world.say(sessionId))
    expect(run).toMatchObject({
      status: 'completed',
      attempts: [
        { attempt: 1, outcome: 'failed', error: { code: 'agent_disconnected' } },
        { attempt: 2, outcome: 'failed', error: { code: 'agent_disconnected' } },
        { attempt: 3, outcome: 'completed', response: { status: 200 } },
      ],
    })
    const { contents, log } = await world.settled(sessionId)
    expect(contents).toEqual(['hello', 'three'])
    expect(typesOf(log).filter((type) => type.startsWith('run.'))).toEqual([
      'run.queued',
      'run.started',
      'run.retrying',
      'run.attempt',
      'run.retrying',
      'run.attempt',
      'run.completed',
    ])
    expect(world.app.calls.map(({ request }) => request.run.attempt)).toEqual([1, 2, 3])
    expect(new Set(world.app.calls.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  test('fails when its retries are spent, and keeps what its last attempt had shown', async () => {
    const sessionId = await world.engine.newSession()
    world.app.onCall = inTurn(breaks('one'), fails, breaks('three'))
    const run = await world.ended(await world.say(sessionId))
    expect(run).toMatchObject({ status: 'failed', error: { code: 'agent_disconnected' } })
    expect(run.attempts.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['failed', 'agent_disconnected'],
      ['failed', 'agent_status'],
      ['failed', 'agent_disconnected'],
    ])
    const { items } = await world.settled(sessionId)
    expect(items).toMatchObject([
      { kind: 'input' },
      { status: 'complete', data: { content: 'thinking three' } },
      { status: 'incomplete', data: { content: 'three' } },
    ])
    expect(world.app.calls).toHaveLength(3)
  })

  test('fails at once when trying again can’t help, and the session goes on', async () => {
    const sessionId = await world.engine.newSession()
    world.app.onCall = inTurn((call) => call.status(400, 'what is \u0000 this?'), answers('better'))
    const first = await world.say(sessionId)
    const second = await world.say(sessionId, 'again')
    expect(await world.ended(first)).toMatchObject({
      status: 'failed',
      error: { code: 'agent_status', message: 'The agent app answered 400' },
      attempts: [{ outcome: 'failed', response: { status: 400 } }],
    })
    expect(await world.ended(second)).toMatchObject({ status: 'completed' })
    expect((await world.settled(sessionId)).contents).toEqual(['hello', 'again', 'better'])
  })

  test('waits as long as the agent app says', async () => {
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.status(429, '', { 'retry-after': '3600' })
    const runId = await world.say(sessionId)
    await world.called(1)
    const retrying = await world.logged(sessionId, 'run.retrying')
    expect(new Date(retrying.data.nextAt).getTime() - new Date(retrying.at).getTime()).toBe(3_600_000)
    await world.cancel(sessionId, runId)
    expect(world.app.calls).toHaveLength(1)
    await world.settled(sessionId)
  })

  test('is tried as often as its policy says, which may be once', async () => {
    await world.publish({ policy: { ...POLICY, retries: { ...POLICY.retries, max: 0 } } })
    const sessionId = await world.engine.newSession()
    world.app.onCall = fails
    expect(await world.ended(await world.say(sessionId))).toMatchObject({ status: 'failed', attempts: [{}] })
    expect(world.app.calls).toHaveLength(1)
  })

  test('says what its agent app says, with its code', async () => {
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.send('error', { message: 'no credit', code: 'no_credit' })
    expect(await world.ended(await world.say(sessionId))).toMatchObject({
      status: 'failed',
      error: { code: 'no_credit', message: 'no credit' },
      attempts: [{}],
    })
  })
})

describe('an answer that is none fails its run at once, and the session goes on', () => {
  const text = (content: string) => ({ type: 'message', content })
  const schema = { type: 'object', required: ['content'], properties: { content: { maxLength: 5 } } }
  const withSchema: Partial<AgentDefinition> = {
    runs: [{ type: 'chat', steps: [{ schema: { required: ['step'] } }], validateSteps: true, output: { schema } }],
  }
  const streams =
    (...frames: [string, JsonObject?][]) =>
    (call: AgentCall) => {
      for (const [name, data] of frames) call.send(name, data ?? {})
    }

  test.each<[string, Partial<AgentDefinition>, (call: AgentCall) => void, unknown[]]>([
    ['an output that the schema refuses', withSchema, (call) => call.answer([text('too long')]), ['too long']],
    [
      'a streamed output that the schema refuses',
      withSchema,
      streams(['text', { delta: 'too ' }], ['text', { delta: 'long' }], ['done']),
      ['too long'],
    ],
    [
      'a step that the schema refuses',
      withSchema,
      streams(['item', { item: { step: 1 } }], ['item', { item: { other: 1 } }], ['text', { delta: 'ok' }], ['done']),
      [null, null, 'ok'],
    ],
    ['an unknown frame', {}, streams(['text', { delta: 'a' }], ['nonsense']), ['a']],
    [
      'a forged id',
      {},
      streams(['item.start', { id: 'a', item: {} }], ['item.delta', { id: 'itm_x', patch: [] }]),
      [null],
    ],
    ['a delta of nothing', {}, streams(['item.done', { id: 'run_01jd' }]), []],
    ['a NUL', {}, streams(['text', { delta: 'a' }], ['text', { delta: 'b\0' }]), ['a']],
    ['a NUL in the text of its error', {}, streams(['text', { delta: 'a' }], ['error', { message: 'a\0b' }]), ['a']],
    ['an end without an item', {}, streams(['done']), []],
    ['a page', {}, (call) => call.response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), []],
  ])('%s', async (_what, definition, onCall, contents) => {
    await world.publish(definition)
    const sessionId = await world.engine.newSession()
    world.app.onCall = inTurn(onCall, (call) => call.answer([{ content: 'fine' }]))
    const first = await world.say(sessionId, 'one')
    const second = await world.say(sessionId, 'two')
    expect(await world.ended(first)).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_output' },
      attempts: [{ outcome: 'failed', error: { code: 'invalid_output' } }],
    })
    expect(await world.ended(second)).toMatchObject({ status: 'completed' })
    const settled = await world.settled(sessionId)
    expect(settled.contents).toEqual(['one', ...contents, 'two', 'fine'])
    expect(settled.items.filter(({ kind, runNo }) => kind === 'output' && runNo === 1)).toEqual([])
  })

  test('where the schema refuses it is told', async () => {
    await world.publish(withSchema)
    const sessionId = await world.engine.newSession()
    world.app.onCall = (call) => call.answer([{ step: 1 }, text('too long')])
    expect((await world.ended(await world.say(sessionId))).error).toMatchObject({
      message: 'Item 2 of the agent app does not fit the schema of this agent.',
      details: [{ path: '/items/1/content' }],
    })
  })
})

test('what Postgres refuses to store fails its run alone; what it has stored stays', async () => {
  await world.engine.rows(`create or replace function refuse_poison() returns trigger language plpgsql as $$ begin
    if new::text like '%poison%' then raise exception 'no' using errcode = '22P05'; end if; return new; end $$`)
  for (const table of ['session_events', 'session_deltas'])
    await world.engine.rows(
      `create trigger refuse before insert on ${table} for each row execute function refuse_poison()`,
    )
  const [bad, good] = [await world.engine.newSession(), await world.engine.newSession()]
  world.app.onCall = (call) => call.text('begun ')
  const runs = [await world.say(bad, 'bad'), await world.say(good, 'good')]
  await world.shown(bad, 'bad', 'begun ')
  await world.shown(good, 'good', 'begun ')
  for (const call of world.app.calls) call.text(call.request.input['content'] === 'bad' ? 'poison' : 'well')
  expect(await world.ended(runs[0]!)).toMatchObject({ status: 'failed', error: { code: 'unstorable_output' } })
  for (const call of world.app.calls) if (!call.broken) call.done()
  expect(await world.ended(runs[1]!)).toMatchObject({ status: 'completed' })
  expect((await world.settled(good)).contents).toEqual(['good', 'begun well'])
  expect((await world.settled(bad)).items).toMatchObject([{}, { status: 'incomplete', data: { content: 'begun ' } }])
  expect(world.faults.splice(0).length).toBeGreaterThan(0)
})
