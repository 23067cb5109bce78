import { writeFile } from 'node:fs/promises'
import { type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import pg from 'pg'
import type { AgentRequest } from '@shared/contracts/agentApi'
import { uuidOf } from '@shared/domain/ids'
import { type TestDatabase, createTestDatabase } from '../../test/database.ts'
import { freePort } from '../../test/freePort.ts'
import { eventually } from '../../test/server/eventually.ts'
import { isAlive } from '../embedded/processes.ts'
import { readCredentials } from '../credentials.ts'
import { AgentviewProcess, cleanUp, makeDataFolder } from './agentviewProcess.ts'

/** Real processes, as people start them; only the agent app and the murders are ours. */
let database: TestDatabase
let db: pg.Client
let environment: Record<string, string>
let onCall: (request: AgentRequest, response: ServerResponse) => unknown
const calls: string[] = []

const app = createServer((incoming, response) => {
  let body = ''
  incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
  incoming.on('end', () => {
    const request = JSON.parse(body) as AgentRequest
    calls.push(`${String(request.input['content'])} ${request.run.attempt}`)
    onCall(request, response)
  })
})
const answer = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{ "items": [{ "content": "ok" }] }')

beforeAll(async () => {
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}/`
  const data = await makeDataFolder()
  const config = path.join(data, 'agentview.config.ts')
  await writeFile(
    config,
    `export default { agents: [{ name: 'app', version: '1.0.0', url: '${url}', runs: [{ type: 'chat' }] }] }`,
  )
  database = await createTestDatabase()
  db = new pg.Client({ connectionString: database.url })
  await db.connect()
  environment = {
    DATABASE_URL: database.url,
    AGENTVIEW_SECRET: 's'.repeat(32),
    AGENTVIEW_AUTO_MIGRATE: '1',
    AGENTVIEW_CONFIG: config,
    AGENTVIEW_DATA: data,
    AGENTVIEW_ALLOW_HOSTS: '127.0.0.0/8',
    AGENTVIEW_DRAIN_MS: '0',
    // no run of a test may wait for the end of a lease.
    AGENTVIEW_LEASE_MS: '600000',
    LOG_LEVEL: 'warn',
  }
})

let url: string

async function start(): Promise<AgentviewProcess> {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  const running = new AgentviewProcess(['start'], { ...environment, PORT: String(port) })
  await running.says('is ready')
  return running
}

/** Sends a message that begins a session; the id of its run. */
async function say(input: string): Promise<string> {
  const { secretKey } = (await readCredentials(environment['AGENTVIEW_DATA']!))!
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ agent: 'app', input }),
  })
  if (response.status !== 202) throw new Error(await response.text())
  const { run } = (await response.json()) as { run: { id: string } }
  return run.id
}

/** Kills the process while it carries out all that was said; its lease is over at once. */
async function lose(running: AgentviewProcess, ...called: string[]): Promise<void> {
  await eventually(() => called.every((call) => calls.includes(call)))
  await running.stop('SIGKILL')
  await db.query('update workers set lapsed_at = clock_timestamp() where lapsed_at is null')
}

async function runOf(id: string) {
  const { rows } = await db.query<{ status: string; code: string | null; lapses: number; alone: boolean[] }>(
    `select r.status, r.error ->> 'code' as code, r.lapses, array(select w.quarantine from attempts a
       join workers w on w.id = a.worker_id where a.run_id = r.id order by a.attempt) as alone
     from runs r where r.id = $1`,
    [uuidOf('run', id)],
  )
  return rows[0]!
}

const ended = (id: string) =>
  eventually(async () => {
    const run = await runOf(id)
    return !['queued', 'running'].includes(run.status) && run
  })

const quarantinePid = () =>
  eventually(async () => {
    const select = 'select pid from workers where quarantine and lapsed_at is null'
    return (await db.query<{ pid: number }>(select)).rows[0]?.pid
  })

beforeEach(() => {
  calls.length = 0
})
afterAll(async () => {
  await cleanUp()
  await db.end()
  await database.drop()
  app.closeAllConnections()
  app.close()
})

test('a run that kills whatever takes it ends in the quarantine; the innocent end well, there and elsewhere', async () => {
  onCall = () => undefined
  const first = await start()
  const [poison, unlucky] = [await say('poison'), await say('unlucky')]
  await lose(first, 'poison 1', 'unlucky 1')
  const second = await start()
  const innocent = await say('innocent')
  await lose(second, 'poison 2', 'unlucky 2', 'innocent 1')
  onCall = async ({ input }, response) => {
    if (input['content'] === 'poison') process.kill(await quarantinePid(), 'SIGKILL')
    else answer(response)
  }
  const third = await start()
  const another = await say('another')
  expect(await ended(poison)).toEqual({
    status: 'failed',
    code: 'worker_lost',
    lapses: 3,
    alone: [false, false, true],
  })
  const well = { status: 'completed', code: null }
  expect(await ended(unlucky)).toEqual({ ...well, lapses: 2, alone: [false, false, true] })
  expect(await ended(innocent)).toEqual({ ...well, lapses: 1, alone: [false, false] })
  expect(await ended(another)).toEqual({ ...well, lapses: 0, alone: [false] })
  const pid = await quarantinePid()
  expect(await third.stop('SIGTERM')).toBe(0)
  expect(isAlive(pid)).toBe(false)
})

test('a quarantine process ends with the one that has started it, and gives its run back uncharged', async () => {
  onCall = () => undefined
  const first = await start()
  const run = await say('slow')
  await eventually(() => calls.includes('slow 1'))
  await db.query('update runs set lapses = 1 where id = $1', [uuidOf('run', run)])
  await lose(first)
  const ways = ['SIGKILL', 'SIGTERM'] as const
  for (const [index, signal] of ways.entries()) {
    const parent = await start()
    await eventually(() => calls.includes(`slow ${index + 2}`))
    const pid = await quarantinePid()
    await parent.stop(signal)
    await eventually(() => !isAlive(pid))
    expect(await runOf(run)).toMatchObject({ status: 'queued', lapses: 2 })
    await db.query('update workers set lapsed_at = clock_timestamp() where lapsed_at is null')
  }
})
