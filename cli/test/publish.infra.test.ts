import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '@shared/domain/ids'
import { findAgentByName } from '@shared/store/agents'
import { insertOrganization } from '@shared/store/organizations'
import { type Database, createPool } from '@shared/store/pool'
import { createTestDatabase } from '../../test/database.ts'
import { freePort } from '../../test/freePort.ts'
import type { Credentials } from '../credentials.ts'
import { AgentviewProcess, cleanUp, makeDataFolder } from './agentviewProcess.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let db: Database
let organizationId: string
let folder: string
let environment: Record<string, string>

beforeAll(async () => {
  database = await createTestDatabase()
  db = createPool({ url: database.url, name: 'publish test', max: 2, onError: () => undefined })
})
beforeEach(async () => {
  await db.query('truncate organizations cascade')
  organizationId = newId('organization')
  const settings = { allowedOrigins: [], allowLocalOrigins: false }
  await insertOrganization(db, { id: organizationId, name: 'Test', settings, agentSigningSecret: 'sealed' })
  folder = await makeDataFolder()
  environment = {
    DATABASE_URL: database.url,
    AGENTVIEW_SECRET: 's'.repeat(32),
    AGENTVIEW_DATA: path.join(folder, 'data'),
    AGENTVIEW_CONFIG: path.join(folder, 'agentview.config.ts'),
    AGENTVIEW_ALLOW_HOSTS: '127.0.0.1',
  }
})
afterEach(cleanUp)
afterAll(async () => {
  await db?.end()
  await database?.drop()
})

interface Agent {
  name: string
  version: string
  title?: string
  openai?: object
  protocol?: string
}

async function configure(agents: Agent[], more: object = {}): Promise<void> {
  const whole = agents.map((agent) => ({ url: 'http://127.0.0.1:9/', runs: [{ type: 'chat' }], ...agent }))
  await writeFile(environment['AGENTVIEW_CONFIG']!, `export default ${JSON.stringify({ agents: whole, ...more })}`)
}

async function run(...args: string[]): Promise<{ code: number | null; lines: string[] }> {
  const running = new AgentviewProcess(['config', ...args], environment)
  const code = await running.exit()
  return { code, lines: running.output.trim().split('\n') }
}

const activeOf = async (name: string) => (await findAgentByName(db, organizationId, name))?.version ?? null
const support = (version: string, title?: string): Agent => ({ name: 'support', version, ...(title && { title }) })

describe('agentview config', () => {
  test('push publishes, again changes nothing, and diff says what a push would do', async () => {
    await configure([support('1.0.0')])
    expect(await run('diff')).toEqual({ code: 1, lines: ['+ support 1.0.0'] })
    expect(await activeOf('support')).toBeNull()
    expect(await run('push')).toEqual({ code: 0, lines: ['support 1.0.0: published'] })
    expect(await run('push')).toEqual({ code: 0, lines: ['support 1.0.0: unchanged'] })
    expect(await run('diff')).toEqual({ code: 0, lines: ['= support 1.0.0'] })

    await configure([support('1.1.0', 'Support')])
    expect(await run('diff')).toEqual({ code: 1, lines: ['~ support 1.0.0 -> 1.1.0', '    + /title'] })
    expect((await run('push')).lines).toEqual(['support 1.1.0: published'])
    expect(await activeOf('support')).toBe('1.1.0')

    await configure([support('1.0.0')])
    expect(await run('diff')).toEqual({
      code: 1,
      lines: ['~ support 1.1.0 -> 1.0.0, which is there already', '    - /title'],
    })
    expect((await run('push')).lines).toEqual(['support 1.0.0: active again'])
  })

  test('push refuses a changed definition of a version, and publishes nothing beside it', async () => {
    await configure([support('1.0.0')])
    await run('push')
    await configure([{ name: 'billing', version: '1.0.0' }, support('1.0.0', 'Other')])
    expect(await run('push')).toEqual({
      code: 1,
      lines: [
        'Agent "support" is published as version 1.0.0 with another definition: give the changed one a new version.',
        'Nothing was published.',
      ],
    })
    expect(await activeOf('billing')).toBeNull()
    expect(await run('diff')).toEqual({
      code: 1,
      lines: [
        '+ billing 1.0.0',
        '! support 1.0.0 is published with another definition: give the changed one a new version',
        '    + /title',
      ],
    })
  })

  test('activate goes back, and neither bootstrap nor a process that starts undoes it', async () => {
    for (const version of ['1.0.0', '1.1.0']) {
      await configure([support(version)])
      await run('push')
    }
    expect(await run('activate', 'support', '1.0.0')).toEqual({
      code: 0,
      lines: ['support 1.0.0 is active, instead of 1.1.0.'],
    })
    const bootstrap = new AgentviewProcess(['bootstrap'], environment)
    expect(await bootstrap.exit()).toBe(0)
    const api = new AgentviewProcess(['api'], { ...environment, PORT: String(await freePort()), HOST: '127.0.0.1' })
    await api.says('is ready')
    expect(await api.stop('SIGTERM')).toBe(0)
    expect(await activeOf('support')).toBe('1.0.0')
    expect(await run('activate', 'support', '3.0.0')).toEqual({
      code: 1,
      lines: ['Agent "support" has no version 3.0.0; it has: 1.0.0, 1.1.0.'],
    })
    expect(await run('activate', 'nobody', '1.0.0')).toEqual({ code: 1, lines: ['There is no agent "nobody".'] })
  })

  test('diff tells where a secret changed, and never what it is', async () => {
    const withKey = (apiKey: string, secret: string) =>
      configure([{ ...support('1.0.0'), protocol: 'openai', openai: { model: 'm', apiKey } }], { auth: { secret } })
    await withKey('sk-first', 'a'.repeat(40))
    await run('push')
    await withKey('sk-second', 'b'.repeat(40))
    const { code, lines } = await run('diff')
    expect(code).toBe(1)
    expect(lines).toEqual([
      '! support 1.0.0 is published with another definition: give the changed one a new version',
      '    ~ /openai/apiKey',
      '~ auth',
      '    ~ /sharedSecret',
    ])
  })

  test('says in one line what is missing; diff ends with 2 then', async () => {
    const noConfig = await run('diff')
    expect(noConfig.code).toBe(2)
    expect(noConfig.lines[0]).toContain('agentview.config.ts: there is no such file')
    await configure([{ ...support('1.0.0'), version: 'one' }])
    expect(await run('push')).toMatchObject({ code: 1, lines: [expect.stringContaining('agents[0].version')] })
    environment = { ...environment, DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:9/x' }
    const away = await run('push')
    expect(away).toMatchObject({ code: 1, lines: [expect.stringMatching(/^DATABASE_URL: Postgres at 127.0.0.1:9/)] })
    expect(away.lines.join()).not.toContain('hunter2')
    const { AGENTVIEW_DATA, AGENTVIEW_CONFIG } = environment as { AGENTVIEW_DATA: string; AGENTVIEW_CONFIG: string }
    environment = { AGENTVIEW_DATA, AGENTVIEW_CONFIG }
    expect(await run('push')).toMatchObject({ code: 1, lines: [expect.stringMatching(/^No AgentView runs on /)] })
  })

  test('push refuses an agent that may not be called', async () => {
    environment = { ...environment, AGENTVIEW_ALLOW_HOSTS: '' }
    await configure([support('1.0.0')])
    expect(await run('push')).toMatchObject({ code: 1, lines: [expect.stringMatching(/^Agent "support": its url /)] })
    expect(await activeOf('support')).toBeNull()
  })
})

test('without DATABASE_URL the config goes to the AgentView that runs on the data folder', async () => {
  const { AGENTVIEW_DATA, AGENTVIEW_CONFIG } = environment as { AGENTVIEW_DATA: string; AGENTVIEW_CONFIG: string }
  environment = { AGENTVIEW_DATA, AGENTVIEW_CONFIG }
  await configure([support('1.0.0')])
  const port = String(await freePort())
  const running = new AgentviewProcess(['start'], { ...environment, PORT: port })
  await running.says('AgentView is ready')
  expect(await run('diff')).toEqual({ code: 0, lines: ['= support 1.0.0'] })
  await configure([support('1.1.0', 'Newer')])
  expect(await run('push')).toEqual({ code: 0, lines: ['support 1.1.0: published'] })
  const { secretKey } = JSON.parse(await readFile(path.join(AGENTVIEW_DATA, 'credentials.json'), 'utf8')) as Credentials
  const headers = { authorization: `Bearer ${secretKey}` }
  const answer = await fetch(`http://127.0.0.1:${port}/v1/agents/support`, { headers })
  expect(await answer.json()).toMatchObject({ title: 'Newer', version: '1.1.0' })
  expect(await running.stop('SIGINT')).toBe(0)
})

test('agentview config watch publishes what is saved, outlives a broken config, and ends with Ctrl-C', async () => {
  const titles = (title: string) => writeFile(path.join(folder, 'title.ts'), `export const title = '${title}'`)
  const config = (run: string) =>
    writeFile(
      environment['AGENTVIEW_CONFIG']!,
      `import { title } from './title.ts'
export default { agents: [{ name: 'support', version: '1.0.0', url: 'http://127.0.0.1:9/', title, runs: [{ ${run} }] }] }`,
    )
  await titles('One')
  await config("type: 'chat'")
  const watching = new AgentviewProcess(['config', 'watch'], environment)
  await watching.says('support 1.0.0: published')
  await watching.says('Ctrl-C ends')
  await titles('Two')
  await watching.says('support 1.0.0-dev.1: published')
  await config('tipe: 1')
  await watching.says('agentview.config.ts:2')
  await watching.says('did you mean "type"?')
  await watching.says('the next change tries again')
  await config('type:')
  await watching.says('Unexpected "}"')
  expect(await activeOf('support')).toBe('1.0.0-dev.1')
  await config("type: 'talk'")
  await watching.says('support 1.0.0-dev.2: published')
  await config("type: 'chat'")
  await watching.says('support 1.0.0-dev.1: active again')
  expect(await watching.stop('SIGINT')).toBe(0)
})
