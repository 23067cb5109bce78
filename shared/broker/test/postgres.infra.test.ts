import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts'
import { connectionConfig } from '../postgres/connectionConfig.ts'
import { createPostgresBroker } from '../postgres/createPostgresBroker.ts'
import { QueueConnection } from '../postgres/queueBackend.ts'
import { testBroker } from './conformance.ts'
import { eventually } from '../../../test/server/eventually.ts'

describe('the broker on Postgres', () => {
  let database: TestDatabase
  let client: pg.Client

  beforeAll(async () => {
    database = await createTestDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await database.drop()
  })

  testBroker(() => ({
    carriesEvents: false,
    newAddress: () => ({ kind: 'postgres', url: database.url, name: `test_${randomBytes(6).toString('hex')}` }),
    async killConnections() {
      const { rowCount } = await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
      return rowCount ?? 0
    },
  }))

  test('a broker has two connections, and two more while it answers bells', async () => {
    const broker = await createPostgresBroker({ url: database.url, schema: 'test_connections', onError: fail })
    expect(await connections()).toBe(2)
    const answering = await broker.answerBells(async () => undefined)
    expect(await connections()).toBe(4)
    await answering.close()
    await eventually(async () => (await connections()) === 2)
    await broker.close()
    await eventually(async () => (await connections()) === 0)
  })

  test("options in the address don't displace the queue's own", async () => {
    const url = new URL(database.url)
    url.searchParams.set('options', '-c statement_timeout=7s')
    const broker = await createPostgresBroker({ url: url.href, schema: 'test_options', onError: fail })
    await broker.ring(['run_1']).catch(() => undefined)
    await eventually(async () => (await broker.depth()) === 1)
    await broker.close()
  })

  test('Postgres may end the connection that listens in the very moment in which it is closed', async () => {
    const { config } = connectionConfig(new URL(database.url), 'closing')
    const connection = new QueueConnection(config)
    const errors: unknown[] = []
    connection.on('error', (error) => errors.push(error))
    await connection.getListenClient()
    // This process hears of it only after it has begun to close: it stands still until the other one has ended.
    const killer = `
      import pg from 'pg'
      const client = new pg.Client({ connectionString: process.argv[1] })
      await client.connect()
      await client.query("select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'closing'")
      await client.end()`
    const killed = spawnSync(process.execPath, ['--input-type=module', '-e', killer, database.url])
    expect(killed.stderr.toString()).toBe('')
    await connection.close()
    await new Promise(setImmediate)
    expect(errors).toEqual([])
  })

  async function connections(): Promise<number> {
    const { rows } = await client.query<{ pid: number }>(`select pid from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
    return rows.length
  }
})

function fail(error: Error, where: string): never {
  throw new Error(`${where}: ${error.message}`)
}
