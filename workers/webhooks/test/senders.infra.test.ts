import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { tunables } from '@shared/domain/tunables'
import { claimDeliveries, settleDeliveries } from '@shared/store/sendDeliveries'
import { replayDelivery } from '@shared/store/deliveries'
import { brokenOff, withStatements } from '../../jobs/test/withStatements.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { answer, inTurn } from './receiver.ts'
import { SECRET, type WebhookWorld, startWebhookWorld } from './world.ts'

let world: WebhookWorld
beforeAll(async () => {
  world = await startWebhookWorld()
})
afterEach(() => world.clear())
afterAll(() => world?.close())

const CLAIM = { limit: 100, each: 100, room: new Map<string, number>(), after: null }

async function write(count: number) {
  const endpoint = await world.newEndpoint({ events: ['run.completed'] })
  const sessionId = await world.engine.newSession()
  for (let run = 0; run < count; run++) await world.endRun(sessionId)
  return { endpoint, ids: (await world.deliveries(endpoint.id)).map(({ id }) => id) }
}

test('a sender that is killed after the receiver’s 200 and before it could say so: sent again under the same id', async () => {
  const { endpoint, ids } = await write(1)
  const url = String(world.db.options.connectionString)
  const victim = fork(path.join(import.meta.dirname, 'senderProcess.ts'), [url, SECRET], {
    execArgv: ['--conditions=agentview-source', '--import', 'tsx'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const exited = once(victim, 'exit')
  expect(await once(victim, 'message')).toEqual(['settling', undefined])
  await world.received(endpoint, 1)
  victim.kill('SIGKILL')
  await exited
  // nobody else has it until the lease ends
  world.startSender()
  expect(await claimDeliveries(world.db, CLAIM)).toEqual([])
  expect((await world.deliveries(endpoint.id))[0]).toMatchObject({ status: 'pending', attempts: 1 })
  await world.endLeases()
  expect(await world.delivery(ids[0]!, 'delivered')).toMatchObject({ attempts: 2 })
  expect((await world.received(endpoint, 2)).map(({ id }) => id)).toEqual([ids[0], ids[0]])
})

test('many senders at once send each of many deliveries once', async () => {
  const endpoints = [await world.newEndpoint({ events: ['run.completed'] }), (await write(60)).endpoint]
  for (let count = 0; count < 4; count++) world.startSender()
  for (const endpoint of endpoints) {
    const ids = (await world.deliveries(endpoint.id)).map(({ id }) => id)
    expect(ids).toHaveLength(60)
    for (const id of ids) await world.delivery(id, 'delivered')
    expect((await world.received(endpoint, 60)).map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
  }
})

describe('an answer', () => {
  test('of an attempt whose lease has ended changes nothing', async () => {
    const { endpoint, ids } = await write(1)
    const [first] = await claimDeliveries(world.db, CLAIM)
    await world.endLeases()
    const [second] = await claimDeliveries(world.db, CLAIM)
    expect([first!.attempt, second!.attempt]).toEqual([1, 2])
    await settleDeliveries(world.db, [{ id: ids[0]!, attempt: 1, status: 'delivered', uncharged: 0 }])
    expect((await world.deliveries(endpoint.id))[0]).toMatchObject({ status: 'pending' })
    await settleDeliveries(world.db, [{ id: ids[0]!, attempt: 2, status: 'dead', error: 'no', uncharged: 0 }])
    await settleDeliveries(world.db, [{ id: ids[0]!, attempt: 2, status: 'delivered', uncharged: 0 }])
    expect((await world.deliveries(endpoint.id))[0]).toMatchObject({ status: 'dead' })
  })

  test('that is said a second time does not undo a replay', async () => {
    const { endpoint, ids } = await write(1)
    await claimDeliveries(world.db, CLAIM)
    const settled = { id: ids[0]!, attempt: 1, status: 'delivered' as const, uncharged: 0 as const }
    await settleDeliveries(world.db, [settled])
    await replayDelivery(world.db, world.engine.organizationId, ids[0]!)
    await settleDeliveries(world.db, [settled])
    expect((await world.deliveries(endpoint.id))[0]).toMatchObject({ status: 'pending' })
    expect(await claimDeliveries(world.db, CLAIM)).toMatchObject([{ attempt: 2, tries: 1 }])
  })

  test('that can’t be written down at once is written down once Postgres is back', async () => {
    const { ids } = await write(1)
    let broken = 3
    const db = withStatements(world.db, (name, send) => {
      if (!name.startsWith('settle_') || broken === 0) return send()
      broken--
      return brokenOff()
    })
    world.startSender(db)
    expect(await world.delivery(ids[0]!, 'delivered')).toMatchObject({ attempts: 1 })
    expect(broken).toBe(0)
  })
})

test('a replay while it is being sent leaves it to that attempt', async () => {
  const { endpoint, ids } = await write(1)
  await claimDeliveries(world.db, CLAIM)
  await replayDelivery(world.db, world.engine.organizationId, ids[0]!)
  expect(await claimDeliveries(world.db, CLAIM)).toEqual([])
  expect((await world.deliveries(endpoint.id))[0]).toMatchObject({ status: 'pending', attempts: 1 })
})

test('a claim goes round the endpoints, on from where the last one ended, and takes no more of one than it has room for', async () => {
  const written = [await write(5), await write(5), await write(5)]
  const places = new Map(written.map(({ endpoint }, index) => [endpoint.id, index]))
  const claim = async (limit: number, after: string | null, room = new Map<string, number>()) => {
    const claimed = await claimDeliveries(world.db, { limit, each: 2, room, after })
    return { last: claimed.at(-1)!.endpointId, of: claimed.map(({ endpointId }) => places.get(endpointId)) }
  }
  const first = await claim(3, null)
  expect(first.of).toEqual([0, 0, 1])
  const second = await claim(5, first.last)
  expect(second.of).toEqual([2, 2, 0, 0, 1])
  expect((await claim(5, second.last, new Map([[written[2]!.endpoint.id, 0]]))).of).toEqual([0, 0, 1, 1])
})

describe('a sender that is stopped', () => {
  test('lets what is being sent come to its end', async () => {
    const { endpoint, ids } = await write(1)
    world.receiver.onRequest = () => undefined
    const sender = world.startSender()
    const [request] = await world.received(endpoint, 1)
    const stopped = sender.stop(20_000)
    answer(200)(request!)
    await stopped
    expect((await world.deliveries(endpoint.id))[0]).toMatchObject({ id: ids[0], status: 'delivered' })
  })

  test('gives back what does not, uncharged, for another one to send at once', async () => {
    const { endpoint, ids } = await write(3)
    world.receiver.onRequest = inTurn(
      () => undefined,
      () => undefined,
      () => undefined,
      answer(200),
    )
    const sender = world.startSender()
    await world.received(endpoint, 3)
    await sender.stop(0)
    await eventually(() => world.receiver.open() === 0)
    const claimed = await claimDeliveries(world.db, CLAIM)
    expect(claimed.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
    for (const each of claimed) expect(each).toMatchObject({ attempt: 2, tries: 1 })
    await world.endLeases()
    world.startSender()
    for (const id of ids) await world.delivery(id, 'delivered')
  })

  test('sends nothing more', async () => {
    const sender = world.startSender()
    await sender.stop(0)
    const { ids } = await write(1)
    sender.wake()
    expect(await claimDeliveries(world.db, CLAIM)).toMatchObject([{ id: ids[0] }])
  })
})

test('no more than a process may send at once is sent at once', async () => {
  const endpoints = []
  for (let count = 0; count < 5; count++) endpoints.push(await world.newEndpoint({ events: ['run.completed'] }))
  const sessionId = await world.engine.newSession()
  for (let run = 0; run < 20; run++) await world.endRun(sessionId)
  const waiting: Parameters<typeof world.receiver.onRequest>[0][] = []
  world.receiver.onRequest = (request) => waiting.push(request)
  world.startSender()
  await eventually(() => waiting.length === tunables.webhooks.concurrency)
  world.receiver.onRequest = answer(204)
  for (const request of waiting) answer(204)(request)
  for (const endpoint of endpoints)
    for (const { id } of await world.deliveries(endpoint.id)) await world.delivery(id, 'delivered')
  expect(world.receiver.most()).toBe(tunables.webhooks.concurrency)
})
