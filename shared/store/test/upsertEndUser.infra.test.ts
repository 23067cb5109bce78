import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { upsertEndUser } from '../endUsers.ts'
import { type TestEngine, startTestEngine } from './testEngine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.close())

const KEY = { principal: 'key', route: 'end users', requestHash: 'x' }
const somebody = (externalId: string) => ({
  id: newId('endUser'),
  organizationId: engine.organizationId,
  externalId,
  metadata: { a: 1 },
})

/** Two requests for one person: the second comes while the first is not committed. */
async function race(externalId: string, key?: typeof KEY & { key: string }) {
  const client = await engine.db.connect()
  await client.query('begin')
  const first = await upsertEndUser(client, somebody(externalId), key)
  const second = upsertEndUser(engine.db, somebody(externalId), key)
  await engine.untilSomebodyWaits()
  await client.query('commit')
  client.release()
  return [first, await second] as const
}

test('whoever waits for the same request gets its end user', async () => {
  const [first, second] = await race('one', { ...KEY, key: 'k' })
  expect(first.outcome).toBe('created')
  expect(second).toEqual({ ...first, outcome: 'replayed', created: true })
})

test('whoever waits for another request changes its end user', async () => {
  const [first, second] = await race('two')
  expect(second).toEqual({ ...first, outcome: 'updated' })
})
