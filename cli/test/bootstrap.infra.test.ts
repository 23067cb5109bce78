import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals'
import { migrate } from '@agentview/migrations/migrate'
import { createTestDatabase } from '../../test/database.ts'
import type { Credentials } from '../credentials.ts'
import { AgentviewProcess, cleanUp, makeDataFolder } from './agentviewProcess.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let data: string

beforeEach(async () => {
  await database?.drop()
  database = await createTestDatabase()
  data = await makeDataFolder()
})
afterEach(cleanUp)
afterAll(() => database?.drop())

const environment = (more: Record<string, string> = {}) => ({
  PORT: '0',
  HOST: '127.0.0.1',
  DATABASE_URL: database.url,
  AGENTVIEW_SECRET: 's'.repeat(32),
  AGENTVIEW_DATA: data,
  AGENTVIEW_CONFIG: '',
  ...more,
})

const bootstrap = (more: Record<string, string> = {}) => new AgentviewProcess(['bootstrap'], environment(more))
const credentialsFile = () => path.join(data, 'credentials.json')
const credentials = async (): Promise<Credentials> => JSON.parse(await readFile(credentialsFile(), 'utf8'))

async function count() {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const { rows } = await client.query(
    `select (select count(*)::int from organizations) as organizations, (select count(*)::int from api_keys) as keys,
            (select count(*)::int from api_keys where hash = sha256(convert_to($1, 'utf8'))) as known`,
    [existsSync(credentialsFile()) ? (await credentials()).secretKey : ''],
  )
  await client.end()
  return rows[0]
}

test('eight processes at once make one organization and one pair of keys', async () => {
  await migrate(database.url)
  const all = Array.from({ length: 8 }, () => bootstrap())
  expect(await Promise.all(all.map((each) => each.exit()))).toEqual(Array(8).fill(0))
  expect(await count()).toEqual({ organizations: 1, keys: 2, known: 1 })
})

test('three that start at once on an empty database migrate it and make one organization', async () => {
  const all = Array.from(
    { length: 3 },
    () => new AgentviewProcess(['start'], environment({ AGENTVIEW_AUTO_MIGRATE: '1' })),
  )
  await Promise.all(all.map((each) => each.says('AgentView is ready')))
  expect(await count()).toEqual({ organizations: 1, keys: 2, known: 1 })
  const { secretKey } = await credentials()
  expect(all.every(({ output }) => output.includes(secretKey))).toBe(true)
})

test.each([
  ['before it writes the keys down', 'bootstrap.write', false],
  ['after that, before the commit', 'bootstrap.commit', true],
])('one that is killed %s leaves nothing that the next one can not mend', async (_when, point, written) => {
  await migrate(database.url)
  const failpoints = path.join(data, 'failpoints')
  await mkdir(failpoints)
  await writeFile(path.join(failpoints, point), JSON.stringify({ action: 'kill' }))
  const killed = bootstrap({ AGENTVIEW_FAILPOINTS: failpoints })
  await killed.exit()
  expect(killed.child.signalCode).toBe('SIGKILL')
  expect(existsSync(credentialsFile())).toBe(written)
  expect(await count()).toEqual({ organizations: 0, keys: 0, known: 0 })
  expect(await bootstrap().exit()).toBe(0)
  expect(await count()).toEqual({ organizations: 1, keys: 2, known: 1 })
})
