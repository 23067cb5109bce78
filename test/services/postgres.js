import { readFile, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { tsImport } from 'tsx/esm/api'

/**
 * Test databases come and go and need to survive nothing; several workers have their pools on one server. Tests of plans say
 * themselves when tables are analysed: autovacuum, which comes by each minute, would at times do it before them.
 */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
}

/** DATABASE_URL, or the embedded Postgres in a temporary folder. Gives `{ url }`, or `{ missing }`: why and what helps. */
export async function providePostgres({ folder, run, atEnd }) {
  const given = process.env.DATABASE_URL
  if (given) {
    atEnd(() => dropTestDatabases(given, run))
    return { url: given }
  }
  const { startEmbeddedPostgres } = await tsImport('../../cli/embedded/postgres.ts', import.meta.url)
  const data = path.join(folder, 'postgres')
  try {
    const postgres = await startEmbeddedPostgres({ folder: data, settings: SETTINGS, onNotice: console.log })
    atEnd(() => removeRelocated(data))
    atEnd(() => postgres.stop())
    return { url: postgres.url }
  } catch (error) {
    return { missing: error.message }
  }
}

/** As root with a private TMPDIR, the data is not below our temporary folder. */
async function removeRelocated(data) {
  const location = await readFile(path.join(data, 'postgres.location'), 'utf8').catch(() => '')
  if (location) await rm(location.trim(), { recursive: true, force: true })
}

/** Removes from a server that is not ours what this run has left: its template, and clones of tests that crashed. */
async function dropTestDatabases(url, run) {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    const pattern = `agentview\\_test\\_${run}\\_%`
    const { rows } = await client.query('select datname from pg_database where datname like $1', [pattern])
    for (const { datname } of rows) await client.query(`drop database if exists ${datname} with (force)`)
  } finally {
    await client.end()
  }
}

/** Ends every Postgres whose data is below the folder: tests start their own, and one that was interrupted left it. */
export async function endStrays(folder) {
  const files = await readdir(folder, { recursive: true }).catch(() => [])
  for (const file of files.filter((name) => path.basename(name) === 'postmaster.pid')) {
    const pid = Number.parseInt(await readFile(path.join(folder, file), 'utf8').catch(() => ''), 10)
    if (pid > 0) await endProcess(pid)
  }
}

async function endProcess(pid) {
  try {
    process.kill(pid, 'SIGQUIT')
    for (const deadline = Date.now() + 2000; Date.now() < deadline; await sleep(20)) process.kill(pid, 0)
  } catch {
    // It is gone.
  }
}
