import { createServer } from 'node:http'
import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase } from '../../test/database.ts'
import { freePort } from '../../test/freePort.ts'
import type { Credentials } from '../credentials.ts'
import { isAlive } from '../embedded/processes.ts'
import { readPostmaster } from '../embedded/postmaster.ts'
import { AgentviewProcess, cleanUp, makeDataFolder } from './agentviewProcess.ts'

afterEach(cleanUp)

interface Started {
  running: AgentviewProcess
  url: string
  data: string
  credentials: Credentials
}

async function start(data: string, environment: Record<string, string> = {}): Promise<Started> {
  const port = await freePort()
  const running = new AgentviewProcess(['start', '--examples'], {
    PORT: String(port),
    AGENTVIEW_DATA: data,
    ...environment,
  })
  await running.says('AgentView is ready')
  const credentials: Credentials = JSON.parse(await readFile(path.join(data, 'credentials.json'), 'utf8'))
  return { running, url: `http://127.0.0.1:${port}`, data, credentials }
}

async function call<Body>({ url, credentials }: Started, route: string, body?: object): Promise<Body> {
  const response = await fetch(url + route, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${credentials.secretKey}`,
      'content-type': 'application/json',
      prefer: 'wait=30',
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${route} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Body
}

/** A start that fails; its one line. */
async function refused(environment: Record<string, string>, args = ['start']): Promise<string> {
  const running = new AgentviewProcess(args, environment)
  expect(await running.exit()).toBe(1)
  expect(running.output.trim().split('\n')).toHaveLength(1)
  return running.output
}

interface Answered {
  run: { status: string }
  session: { id: string; items?: { status: string; data: { content: string } }[] }
}

describe('agentview start with nothing set', () => {
  test('only its owner reads its keys and nobody else starts on its folder; a message is answered, also after Ctrl-C and a second start', async () => {
    const data = await makeDataFolder()
    const first = await start(data)
    expect((await stat(path.join(data, 'credentials.json'))).mode & 0o777).toBe(0o600)
    const agents = await call<{ data: { name: string }[] }>(first, '/v1/agents')
    expect(agents.data.map((agent) => agent.name)).toEqual(['eliza', 'replay'])
    expect(await refused({ PORT: '0', AGENTVIEW_DATA: data })).toContain(String(first.running.child.pid))
    const { run, session } = await call<Answered>(first, '/v1/messages', { agent: 'eliza', input: 'I am happy' })
    expect(run.status).toBe('completed')
    const postgres = await readPostmaster(path.join(data, 'postgres'))
    expect(await first.running.stop('SIGINT')).toBe(0)
    expect(postgres && isAlive(postgres.pid)).toBe(false)

    const second = await start(data)
    const { items = [] } = await call<Answered['session']>(second, `/v1/sessions/${session.id}`)
    expect(items.map((item) => item.status)).toEqual(['complete', 'complete'])
    expect(items[0]!.data.content).toBe('I am happy')
    const { url, studioUrl } = second.credentials
    expect(second.credentials).toEqual({ ...first.credentials, url, studioUrl })
    expect(studioUrl).toBe(`${url}/studio`)
    const login = await fetch(`${second.url}/admin/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(second.credentials.owner),
    })
    expect(await login.json()).toMatchObject({ member: { role: 'owner' } })
  })

  test('what a kill -9 interrupts is finished by the next start', async () => {
    const data = await makeDataFolder()
    const first = await start(data, { ELIZA_DELAY_MS: '400' })
    const response = await fetch(`${first.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${first.credentials.secretKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ agent: 'eliza', input: 'My mother is a kind and careful person' }),
    })
    expect(response.status).toBe(202)
    const accepted = (await response.json()) as { run: { id: string }; session: { id: string } }
    await first.running.stop('SIGKILL')

    const second = await start(data)
    for (;;) {
      const run = await call<{ status: string }>(second, `/v1/runs/${accepted.run.id}`)
      if (run.status === 'completed') break
      expect(['queued', 'running']).toContain(run.status)
    }
    const { items = [] } = await call<Answered['session']>(second, `/v1/sessions/${accepted.session.id}`)
    expect(items).toHaveLength(2)
  })

  test('a config file of one’s own is published, and a changed one becomes a dev version', async () => {
    const data = await makeDataFolder()
    const file = path.join(data, 'agentview.config.ts')
    const config = (title: string) =>
      `export default { agents: [{ name: 'mine', title: '${title}', version: '1.0.0', url: 'http://127.0.0.1:9/', runs: [{ type: 'chat' }] }] }`
    await writeFile(file, config('One'))
    const first = await start(data, { AGENTVIEW_CONFIG: file })
    expect(await call(first, '/v1/agents/mine')).toMatchObject({ version: '1.0.0', title: 'One' })
    await first.running.stop('SIGTERM')
    await writeFile(file, config('Two'))
    expect(await call(await start(data, { AGENTVIEW_CONFIG: file }), '/v1/agents/mine')).toMatchObject({
      version: '1.0.0-dev.1',
      title: 'Two',
    })
  })
})

describe('a start that can not succeed is refused in one line', () => {
  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const line = await refused({ PORT: String(port), AGENTVIEW_DATA: await makeDataFolder() })
    expect(line).toContain(`Port ${port} is taken`)
    server.close()
  })

  test('a DATABASE_URL that does not answer, without its password', async () => {
    const port = await freePort()
    const line = await refused({
      PORT: '0',
      DATABASE_URL: `postgres://me:hunter2@127.0.0.1:${port}/db`,
      AGENTVIEW_SECRET: 's'.repeat(32),
    })
    expect(line).toContain(`127.0.0.1:${port}`)
    expect(line).not.toContain('hunter2')
  })

  test('a REDIS_URL that does not answer', async () => {
    const port = await freePort()
    const database = await createTestDatabase()
    const line = await refused({
      PORT: '0',
      DATABASE_URL: database.url,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      AGENTVIEW_SECRET: 's'.repeat(32),
      AGENTVIEW_DATA: await makeDataFolder(),
    })
    expect(line).toContain('REDIS_URL')
    expect(line).toContain(`127.0.0.1:${port}`)
    await database.drop()
  })

  test.each([
    ['REDIS_URL without DATABASE_URL', { REDIS_URL: 'redis://127.0.0.1:6379' }, 'DATABASE_URL is not'],
    ['a PORT that is no number', { PORT: 'four' }, 'PORT is "four"'],
    ['a DATABASE_URL of another kind', { DATABASE_URL: 'mysql://x' }, 'DATABASE_URL is not a URL'],
    ['a cluster without a secret', { DATABASE_URL: 'postgres://127.0.0.1/x' }, 'AGENTVIEW_SECRET is required'],
    ['a log level that does not exist', { LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
  ])('%s', async (_what, environment, text) => {
    expect(await refused(environment as unknown as Record<string, string>)).toContain(text)
  })

  test('one role alone without a database', async () => {
    expect(await refused({}, ['worker'])).toContain('DATABASE_URL')
  })

  test('a config file with a mistake, with its line', async () => {
    const data = await makeDataFolder()
    const file = path.join(data, 'agentview.config.ts')
    await writeFile(
      file,
      `export default {\n  agents: [{ name: 'mine', version: '1', url: 'http://x/', runs: [{ type: 'chat' }] }],\n}\n`,
    )
    expect(await refused({ PORT: '0', AGENTVIEW_DATA: data, AGENTVIEW_CONFIG: file })).toContain(
      'agentview.config.ts:2',
    )
  })
})
