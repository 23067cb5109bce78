import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../embedded/postgres.ts'
import { readPostmaster, stopPostmaster } from '../embedded/postmaster.ts'
import { isAlive } from '../embedded/processes.ts'

const HOLD = path.join(import.meta.dirname, 'holdEmbeddedPostgres.ts')

let parent: string
let folder: string
const running: EmbeddedPostgres[] = []
const children: ChildProcess[] = []

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'agentview-embedded-'))
  // Postgres' own user must be able to enter it when the tests run as root.
  await chmod(parent, 0o755)
  folder = path.join(parent, 'data')
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map((postgres) => postgres.stop()))
  const orphan = await readPostmaster(path.join(folder, 'postgres'))
  if (orphan) await stopPostmaster(orphan.pid)
  await rm(parent, { recursive: true, force: true })
})

async function start(notices: string[] = []): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ folder, onNotice: (line) => notices.push(line) })
  running.push(postgres)
  return postgres
}

async function query(url: string, sql: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return rows[0] ?? {}
  } finally {
    await client.end()
  }
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(path.join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

/** Starts another process that runs Postgres on the folder; gives its first line, which is the address. */
async function startElsewhere(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', HOLD, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [url]: unknown[] = await once(createInterface(child.stdout), 'line')
  return { child, url: String(url) }
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

test('the first start makes a durable UTF-8 database that only this machine reaches', async () => {
  const postgres = await start()
  expect(postgres.adopted).toBe(false)
  expect(
    await query(
      postgres.url,
      `select current_database() as name, current_setting('server_encoding') as encoding,
        current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync,
        current_setting('synchronous_commit') as synchronous_commit, lower('ÄÉ') as lowered`,
    ),
  ).toEqual({
    name: 'agentview',
    encoding: 'UTF8',
    addresses: '127.0.0.1',
    fsync: 'on',
    synchronous_commit: 'on',
    lowered: 'äé',
  })
})

test('the password is for the owner of the folder only, and needed', async () => {
  const { url } = await start()
  expect((await stat(path.join(folder, 'postgres.password'))).mode & 0o777).toBe(0o600)
  const other = new URL(url)
  other.password = 'guessed'
  await expect(query(other.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
})

test('stop ends all processes, also with a query under way, and a new start keeps the data', async () => {
  const postgres = await start()
  await query(postgres.url, 'create table kept as select 42 as answer')
  const pid = await postmasterPid()
  const sleeping = query(postgres.url, 'select pg_sleep(3600)').catch(() => undefined)
  const asleep = "select count(*)::int as count from pg_stat_activity where wait_event = 'PgSleep'"
  while ((await query(postgres.url, asleep))['count'] === 0) await sleep(20)
  await postgres.stop()
  expect(isAlive(pid)).toBe(false)
  await sleeping

  const again = await start()
  expect(again.adopted).toBe(false)
  expect(await query(again.url, 'select answer from kept')).toEqual({ answer: 42 })
})

test('Postgres is in a process group of its own, so that Ctrl-C does not reach it', async () => {
  await start()
  const pid = await postmasterPid()
  const ps = spawn('ps', ['-o', 'pgid=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [group]: unknown[] = await once(createInterface(ps.stdout), 'line')
  expect(Number(group)).toBe(pid)
})

test('a second start on the folder is refused in one line that names the process', async () => {
  const { child } = await startElsewhere()
  const refused = await startEmbeddedPostgres({ folder }).catch((error: unknown) => error)
  expect(refused).toMatchObject({ name: 'StartRefused' })
  expect(String(refused)).toMatch(new RegExp(`pid ${child.pid}\\b.*AGENTVIEW_DATA`))
  expect(String(refused)).not.toContain('\n')
})

test('of many starts at once on a folder with a stale lock, one gets it', async () => {
  await mkdir(folder)
  await writeFile(path.join(folder, 'lock.7'), JSON.stringify({ pid: process.pid, identity: 'an earlier process' }))
  const starts = await Promise.allSettled([start(), start(), start(), start()])
  expect(starts.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected'])
})

test('a Postgres whose process was killed is adopted with its data', async () => {
  const { child, url } = await startElsewhere()
  await query(url, 'create table kept as select 42 as answer')
  const pid = await postmasterPid()
  await kill(child)

  const notices: string[] = []
  const postgres = await start(notices)
  expect(postgres).toMatchObject({ adopted: true, url })
  expect(notices).toEqual([expect.stringContaining(`pid ${pid}`)])
  expect(await query(postgres.url, 'select answer from kept')).toEqual({ answer: 42 })
  await postgres.stop()
  expect(isAlive(pid)).toBe(false)
})

test('a start that is killed while it initialises leaves nothing in the way', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', HOLD, folder], { stdio: ['pipe', 'ignore', 'inherit'] })
  children.push(child)
  while (!(await readdir(folder).catch(() => [])).some((name) => name.startsWith('postgres.initialising-')))
    await sleep(5)
  await kill(child)

  const { url } = await start()
  expect(await query(url, 'select 1 as one')).toEqual({ one: 1 })
  expect((await readdir(folder)).filter((name) => name.startsWith('postgres.initialising-'))).toEqual([])
})

test('a pid file whose pid is now another program is no running Postgres', async () => {
  await (await start()).stop()
  const stale = [process.pid, path.join(folder, 'postgres'), 1, 5432, '', '127.0.0.1', '0 0', 'ready', ''].join('\n')
  await writeFile(path.join(folder, 'postgres', 'postmaster.pid'), stale)
  expect((await start()).adopted).toBe(false)
})

test('a Postgres that dies is started again on its port', async () => {
  const notices: string[] = []
  const { url } = await start(notices)
  await query(url, 'create table kept as select 42 as answer')
  process.kill(await postmasterPid(), 'SIGKILL')
  for (;;) {
    await sleep(100)
    const row = await query(url, 'select answer from kept').catch(() => null)
    if (row && notices.length > 0) break
  }
  expect(notices).toEqual([expect.stringContaining('starting it again')])
})

test.each([
  ['PG_VERSION is there but the rest is not', { PG_VERSION: '18\n' }, /not a complete Postgres data folder/],
  ['something else lies there', { 'notes.txt': 'mine' }, /not a complete Postgres data folder/],
])('a data folder is refused, not overwritten, when %s', async (_case, files, message) => {
  await mkdir(path.join(folder, 'postgres'), { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, 'postgres', name), text)
  await expect(startEmbeddedPostgres({ folder })).rejects.toThrow(message)
  expect(await readdir(path.join(folder, 'postgres'))).toEqual(Object.keys(files))
})

test('data of another major version and a lost password are refused in one line', async () => {
  await (await start()).stop()
  await writeFile(path.join(folder, 'postgres', 'PG_VERSION'), '17\n')
  await expect(startEmbeddedPostgres({ folder })).rejects.toThrow(/made by Postgres 17/)
  await writeFile(path.join(folder, 'postgres', 'PG_VERSION'), '18\n')
  await rm(path.join(folder, 'postgres.password'))
  await expect(startEmbeddedPostgres({ folder })).rejects.toThrow(/password/)
})
