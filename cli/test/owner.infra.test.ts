import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { createLogin } from '@services/admin/login/createLogin'
import { type Database, createPool } from '@shared/store/pool'
import { createTestDatabase } from '../../test/database.ts'
import type { Credentials } from '../credentials.ts'
import { AgentviewProcess, cleanUp, makeDataFolder } from './agentviewProcess.ts'

const SECRET = 's'.repeat(32)

let database: Awaited<ReturnType<typeof createTestDatabase>>
let db: Database
let folders: string[]

beforeAll(async () => {
  database = await createTestDatabase()
  db = createPool({ url: database.url, name: 'owner test', max: 2, onError: () => undefined })
  folders = [path.join(await makeDataFolder(), 'a'), path.join(await makeDataFolder(), 'b')]
})
afterEach(cleanUp)
afterAll(async () => {
  await db?.end()
  await database?.drop()
})

async function agentview(folder: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const environment = { DATABASE_URL: database.url, AGENTVIEW_SECRET: SECRET, AGENTVIEW_DATA: folder }
  const running = new AgentviewProcess(args, { ...environment, AGENTVIEW_URL: 'https://agents.example' })
  return { code: await running.exit(), output: running.output }
}

const credentialsIn = async (folder: string): Promise<Credentials | null> =>
  JSON.parse(await readFile(path.join(folder, 'credentials.json'), 'utf8').catch(() => 'null')) as Credentials | null

const mayLogIn = async (email: string, password: string) =>
  (await createLogin(db, SECRET, 'http://localhost').signIn(email, password, {})) !== null

test('two bootstraps at once make one owner, who can log in; a reset gives a new password and ends the logins', async () => {
  const both = await Promise.all(folders.map((folder) => agentview(folder, 'bootstrap')))
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  const written = (await Promise.all(folders.map(credentialsIn))).flatMap((one) => one ?? [])
  expect(written).toHaveLength(1)
  const { owner, studioUrl } = written[0]!
  expect(studioUrl).toBe('https://agents.example/studio')
  expect((await db.query('select role from members')).rows).toEqual([{ role: 'owner' }])
  expect(await mayLogIn(owner!.email, owner!.password)).toBe(true)
  const kept = await db.query<{ text: string }>(
    `select (select string_agg(to_jsonb(a)::text, '') from accounts a) || (select string_agg(to_jsonb(l)::text, '') from audit_log l) as text`,
  )
  expect(kept.rows[0]!.text).not.toContain(owner!.password)

  const folder = (await credentialsIn(folders[0]!)) ? folders[0]! : folders[1]!
  const reset = await agentview(folder, 'reset-password', owner!.email.toUpperCase())
  expect(reset.code).toBe(0)
  const password = /: (\S+)\s*$/.exec(reset.output)![1]!
  expect((await db.query('select from login_sessions')).rowCount).toBe(0)
  expect(await mayLogIn(owner!.email, owner!.password)).toBe(false)
  expect(await mayLogIn(owner!.email, password)).toBe(true)
  expect((await credentialsIn(folder))!.owner).toEqual({ email: owner!.email, password })
  const noted = await db.query(`select action from audit_log where action like 'user.%'`)
  expect(noted.rows).toEqual([{ action: 'user.resetPassword' }])

  const unknown = await agentview(folder, 'reset-password', 'nobody@example.com')
  expect([unknown.code, unknown.output.trim().split('\n')]).toEqual([
    1,
    [expect.stringContaining('nobody@example.com')],
  ])
})
