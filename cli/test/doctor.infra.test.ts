import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { migrate } from '@agentview/migrations/migrate'
import { createTestDatabase } from '../../test/database.ts'
import { judgeInfo } from '../doctor/checkRedis.ts'
import { checkNode, examine } from '../doctor/doctor.ts'
import { type Settings, readSettings } from '../settings.ts'

let folder: string
let database: Awaited<ReturnType<typeof createTestDatabase>>

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'doctor-'))
  database = await createTestDatabase()
})
afterAll(async () => {
  await database?.drop()
  await rm(folder, { recursive: true, force: true })
})

const settings = (more: Record<string, string> = {}): Settings =>
  readSettings({ PORT: '0', HOST: '127.0.0.1', AGENTVIEW_SECRET: 's'.repeat(32), AGENTVIEW_CONFIG: '', ...more })

const levels = async (of: Settings) =>
  Object.fromEntries((await examine(of)).map(({ subject, level }) => [subject, level]))

test('a database that is as it should be has nothing bad', async () => {
  await migrate(database.url)
  expect(await levels(settings({ DATABASE_URL: database.url }))).toMatchObject({
    Node: 'ok',
    Postgres: 'ok',
    Schema: 'ok',
    Clock: 'ok',
    Port: 'ok',
  })
})

test('services that are away are told, each with what to do, and no password', async () => {
  const found = await examine(
    settings({ DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:9/x', REDIS_URL: 'redis://:hunter2@127.0.0.1:9' }),
  )
  expect(found.filter(({ level }) => level === 'bad').map(({ subject }) => subject)).toEqual(['Postgres', 'Redis'])
  expect(found.every(({ level, advice }) => level === 'ok' || advice)).toBe(true)
  expect(JSON.stringify(found)).not.toContain('hunter2')
})

test('agent apps are looked at: one that may not be called, and one that is away', async () => {
  const file = path.join(folder, 'agentview.config.ts')
  const agent = (name: string, url: string) => ({ name, version: '1.0.0', url, runs: [{ type: 'chat' }] })
  const agents = [agent('inside', 'http://10.0.0.1/'), agent('away', 'http://127.0.0.1:9/')]
  await writeFile(file, `export default ${JSON.stringify({ agents })}`)
  expect(await levels(settings({ AGENTVIEW_CONFIG: file }))).toMatchObject({
    'Agent inside': 'bad',
    'Agent away': 'warn',
  })
})

test.each([
  ['20.18.9', 'bad'],
  ['20.19.0', 'ok'],
  ['24.0.0', 'ok'],
])('Node %s: %s', (version, level) => {
  expect(checkNode(version)[0]?.level).toBe(level)
})

test.each([
  ['redis_version:6.0.9\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n', ['bad', 'ok', 'ok']],
  ['redis_version:7.0.15\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:0\r\n', ['ok', 'bad', 'warn']],
])('what Redis says of itself is judged: %j', (info, expected) => {
  expect(judgeInfo(info).map(({ level }) => level)).toEqual(expected)
})
