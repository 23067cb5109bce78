import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { migrate } from '@agentview/migrations/migrate'
import pg from 'pg'
import { withCleanup } from '../cluster/cleanup.ts'
import { startPostgres } from '../cluster/startPostgres.ts'
import { makeWorkFolder } from '../cluster/workFolder.ts'
import { explain, measure } from './measure.ts'
import { parseOptions } from './options.ts'
import { type Row, WANTED_MS, renderTable } from './render.ts'
import { seedFinished } from '../seed/finished.ts'
import { TENANT, seedDelivered, seedDeltas, seedLive } from './seed.ts'
import { STATEMENTS } from './statements.ts'

/**
 * npm run bench:reconciler: whether the reconciler's statements cost the same however many runs have finished. On a
 * Postgres of its own, with fsync. Measures beside none, seeds, measures again; exit code 1 when one is too slow.
 */
const EXECUTIONS = 200
const GIB = 1_024 ** 3
const BYTES_OF_RUN = 640
const BYTES_BESIDE = 1 * GIB

const options = parseOptions(process.argv)
process.exitCode = await withCleanup(async (cleanup) => {
  const needed = options.runs * BYTES_OF_RUN + BYTES_BESIDE
  const { bavail, bsize } = await statfs(tmpdir())
  console.log(`This takes about ${gib(needed)} GiB in ${tmpdir()} (${gib(bavail * bsize)} are free) until it is over.`)
  if (bavail * bsize < needed) {
    console.log('That is too little: free some, set TMPDIR to another disk, or give a smaller --runs.')
    return 1
  }
  const { url } = await startPostgres(await makeWorkFolder(cleanup), cleanup)
  await migrate(url)
  const client = new pg.Client({ connectionString: url })
  // Postgres stops before it when something fails.
  client.on('error', () => undefined)
  await client.connect()
  await seedLive(client)
  await seedDeltas(client)
  await seedDelivered(client)
  const empty = await measure(url, STATEMENTS, EXECUTIONS)

  const begun = performance.now()
  await seedFinished(client, TENANT, {
    runs: options.runs,
    items: 'none',
    onProgress: (done) => progress(`${done.toLocaleString('en-US')} finished runs`),
  })
  progress(`${options.runs.toLocaleString('en-US')} finished runs in ${seconds(performance.now() - begun)} s\n`)
  // Else what follows waits for the disk, which still writes what was seeded.
  await client.query('checkpoint')
  const { rows: sizes } = await client.query<{ size: string }>('select pg_database_size(current_database()) as size')
  console.log(`The database has ${gib(Number(sizes[0]!.size))} GiB.\n`)
  await client.end()

  const full = await measure(url, STATEMENTS, EXECUTIONS)
  const rows = STATEMENTS.map(({ name }): Row => ({ name, empty: empty.get(name)!, full: full.get(name)! }))
  console.log(renderTable(rows, options.runs))
  if (options.explain) {
    for (const [name, plans] of await explain(url, STATEMENTS)) console.log(`\n${name}\n\n${plans.join('\n\n')}`)
  }
  return rows.every((row) => row.full.p50 <= WANTED_MS) ? 0 : 1
})

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1)
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(0)
}

/** On a terminal in one line. */
function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${text}`)
  else if (text.endsWith('\n')) process.stdout.write(text)
}
