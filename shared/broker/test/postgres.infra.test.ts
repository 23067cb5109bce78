import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createTestDatabase, type TestDatabase } from '../../../test/database.ts'
import { testBroker } from './conformance.ts'

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
    newAddress: () => ({ kind: 'postgres', url: database.url, name: `test_${randomBytes(6).toString('hex')}` }),
    async killConnections() {
      const { rowCount } = await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
      return rowCount ?? 0
    },
  }))
})
