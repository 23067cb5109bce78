import pg from 'pg'
import { createTestDatabase } from './database.ts'
import { describeWithRedis, testRedisPrefix, testRedisUrl } from './redis.ts'

async function count(url: string, sql: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ count: string }>(sql)
    return Number(rows[0]?.count)
  } finally {
    await client.end()
  }
}

test('databases made at once are migrated and know nothing of each other', async () => {
  const databases = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()])
  const [first, second] = databases
  await count(first.url, 'create table only_here as select 1')
  const tables = `select count(*) from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')`
  expect(await count(second.url, tables)).toBeGreaterThan(0)
  expect(await count(first.url, tables)).toBe((await count(second.url, tables)) + 1)
  for (const database of databases) await database.drop()
})

test('a connection that stays open fails the drop, which names its last query', async () => {
  const database = await createTestDatabase()
  const leaked = new pg.Client({ connectionString: database.url })
  leaked.on('error', () => undefined)
  await leaked.connect()
  await leaked.query('select 42 as leaked')
  await expect(database.drop()).rejects.toThrow('select 42 as leaked')
  await leaked.end().catch(() => undefined)
  await expect(count(database.url, 'select 1 as count')).rejects.toMatchObject({ code: '3D000' })
})

describeWithRedis('Redis', () => {
  test('each worker has a database number, each call a prefix', () => {
    expect(new URL(testRedisUrl()).pathname).toMatch(/^\/([1-9]|1[0-5])$/)
    expect(testRedisPrefix()).not.toBe(testRedisPrefix())
  })
})
