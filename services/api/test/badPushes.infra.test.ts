import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { uuidOf } from '@shared/domain/ids'
import type { Run } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { type PushWorld, STEP, said, startPushWorld } from './pushWorld.ts'

let world: PushWorld
beforeAll(async () => {
  world = await startPushWorld()
})
afterAll(() => world?.server.close())

describe('pushes that are refused leave nothing behind', () => {
  const big = { text: 'x'.repeat(tunables.itemBytes) }
  let run: Run
  beforeAll(async () => {
    await world.server.main.publish(
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
    run = (await world.begin(await world.newSession('typed'))).body
    await world.push(run.id, { items: [{ step: 1 }] })
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
    const before = await world.server.logOf(run.sessionId, () => true)
    await expectRefused(world.server, status, code, () => world.push(run.id, body))
    expect(await world.server.logOf(run.sessionId, () => true)).toEqual(before)
  })

  test('a completed run without any item', async () => {
    const sessionId = await world.newSession()
    await expectRefused(world.server, 400, 'invalid_request', () => world.begin(sessionId, { status: 'completed' }))
    const { id } = await world.begun()
    await expectRefused(world.server, 400, 'invalid_request', () => world.push(id, { status: 'completed' }))
    expect((await world.push(id, { status: 'completed', items: [said('x')] })).status).toBe(200)
  })

  test('a run of a type that the agent has not, or in a version that does not go on with the session', async () => {
    const sessionId = await world.newSession('typed')
    await expectRefused(world.server, 422, 'schema_violation', () => world.begin(sessionId, { runType: 'other' }))
    await expectRefused(world.server, 409, 'version_incompatible', () => world.begin(sessionId, { version: '9.0.0' }))
    const items = { status: 'completed', items: [{ step: 1 }] }
    await expectRefused(world.server, 422, 'schema_violation', () => world.begin(sessionId, items))
  })

  test('more items than a run may have; its end without another is still taken', async () => {
    const { id } = await world.begun({ items: [said('x')] })
    const most = tunables.agentAnswerItems
    await world.server.rows('update runs set next_item_no = $2 where id = $1', uuidOf('run', id), most - 1)
    for (const status of ['running', 'completed', 'failed'])
      await expectRefused(world.server, 413, 'payload_too_large', () => world.push(id, { status, items: [STEP, STEP] }))
    expect((await world.push(id, { status: 'completed' })).status).toBe(200)
  })

  test('more bytes of items than a run may have; its end without another is still taken', async () => {
    const { id } = await world.begun({ items: [said('x')] })
    const piece = said('x'.repeat(250_000))
    const body = { items: [piece, piece, piece] }
    for (let bytes = 750_000; bytes < tunables.agentAnswerBytes; bytes += 750_000)
      expect((await world.push(id, body)).status).toBe(200)
    for (const status of ['running', 'completed', 'failed'])
      await expectRefused(world.server, 413, 'payload_too_large', () => world.push(id, { status, ...body }))
    expect((await world.push(id, { status: 'completed' })).status).toBe(200)
  })

  test('a push to a run that waits in line', async () => {
    const sessionId = await world.newSession()
    const [held, queued] = [
      await world.person.client.say(sessionId, 'a'),
      await world.person.client.say(sessionId, 'b'),
    ]
    await world.server.stage.turn(held.run.id)
    for (const body of [{ items: [STEP] }, { status: 'completed', items: [STEP] }])
      await expectRefused(world.server, 409, 'not_external', () => world.push(queued.run.id, body))
    for (const { run: live } of [queued, held]) await world.person.client.cancel(live.id)
  })
})
