import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { JsonObject } from '@shared/domain/json'
import type { Acceptance } from '../../../test/server/apiClient.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
})
afterAll(() => server?.close())

/** Where messages go to a session that has just been talked to, and so is remembered. */
async function talkedTo(agent = 'echo'): Promise<string> {
  const { id } = await person.client.createSession({ agent })
  await person.client.ask(id, 'hello')
  return `/v1/sessions/${id}/messages`
}

/** The names of the statements that are prepared meanwhile, but those of the accepting itself. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const names: string[] = []
  const { db } = server
  const query = db.query.bind(db)
  const listening = (...given: unknown[]): unknown => {
    const [statement] = given
    if (typeof statement === 'object' && statement !== null && 'name' in statement) names.push(String(statement.name))
    return Reflect.apply(query, db, given)
  }
  Object.assign(db, { query: listening })
  try {
    await work()
  } finally {
    Object.assign(db, { query })
  }
  return names
}

test('a message to a session that is remembered takes one statement', async () => {
  const path = await talkedTo()
  const names = await statementsOf(() => person.client.post(path, { input: 'again' }))
  expect(names).toContain('accept_messages_v1')
  const reads = ['find_session', 'find_active_version', 'find_version', 'find_run', 'read_item', 'accept_message_v1']
  expect(names.filter((name) => reads.includes(name))).toEqual([])
})

test('what is remembered of a session is of no use to others', async () => {
  const path = await talkedTo()
  const others = [(await server.main.newPerson()).client, (await server.other.newPerson()).client, server.other.client]
  for (const other of others) expect((await other.post(path, { input: 'mine' })).status).toBe(404)
  expect((await person.client.post(path, { input: 'mine' })).status).toBe(202)
  expect((await server.main.client.post(path, { input: 'ours' })).status).toBe(202)
})

test('a version that was published since is used at once', async () => {
  await server.main.publish({ name: 'moves', version: '1.0.0' }, 'echo')
  const path = await talkedTo('moves')
  await server.main.publish({ name: 'moves', version: '1.1.0' }, 'echo')
  const { body } = await person.client.post<Acceptance>(path, { input: 'new' })
  expect(body.run.version).toBe('1.1.0')
  await server.main.publish({ name: 'moves', version: '2.0.0' }, 'echo')
  expect((await person.client.post<Acceptance>(path, { input: 'still' })).body.run.version).toBe('1.1.0')
})

test('an input that only the newest version allows is allowed at once', async () => {
  const runs = (schema: JsonObject) => [{ type: 'chat', input: { schema } }]
  await server.main.publish(
    { name: 'opens', version: '1.0.0', runs: runs({ type: 'object', required: ['content'] }) },
    'echo',
  )
  const path = await talkedTo('opens')
  expect((await person.client.post(path, { input: { a: 1 } })).status).toBe(422)
  await server.main.publish({ name: 'opens', version: '1.1.0', runs: runs({ type: 'object' }) }, 'echo')
  expect((await person.client.post(path, { input: { a: 1 } })).status).toBe(202)
})
