import { readFile, rm, statfs, writeFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { unless } from 'agentview/embedded/startRefused'
import { AGENT } from '../../agent/script.ts'
import { StepStack } from '../../cluster/cleanup.ts'
import { repository } from '../../cluster/repository.ts'
import { startPostgres } from '../../cluster/startPostgres.ts'
import { makeWorkFolder } from '../../cluster/workFolder.ts'
import { type SeedTenant, seedFinished } from '../../seed/finished.ts'
import { type KeptData, openKept } from '../keptData.ts'
import { startMeasuredCluster } from '../measuredCluster.ts'
import type { ScenarioContext } from '../scenario.ts'

// openFinished
//   ├─ there already     from an earlier call
//   ├─ hasRoom           refuses when the disk is too small
//   ├─ foundTenant       a cluster is started once, for the organization, its keys and the published agent
//   └─ seedFinished      with nothing but Postgres running

/** A session with its five runs, ten items and indexes, on disk. */
const BYTES_OF_RUN = 1_500
const BYTES_BESIDE = 4 * 1_024 ** 3
const GIB = 1_024 ** 3
const DONE = 'seeded.json'

/** Data in which so many runs have finished: that of an earlier call, or seeded now. */
export async function openFinished(runs: number, context: ScenarioContext): Promise<KeptData> {
  const folder = path.join(context.asked.kept ?? path.join(repository, '.agentview', 'bench'), `finished-${runs}`)
  if (await unless(readFile(path.join(folder, DONE)), 'ENOENT')) return openKept(folder)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await refuseWithoutRoom(folder, runs, context)
  const kept = await openKept(folder)
  const begun = performance.now()
  const tenant = await foundTenant(kept, context)
  await seed(kept, tenant, runs, context)
  await writeFile(path.join(folder, DONE), JSON.stringify({ runs, at: new Date().toISOString() }))
  context.say(`seeded in ${Math.round((performance.now() - begun) / 1_000)} s; kept in ${folder}`)
  return kept
}

async function refuseWithoutRoom(folder: string, runs: number, { say }: ScenarioContext): Promise<void> {
  const needed = runs * BYTES_OF_RUN + BYTES_BESIDE
  const { bavail, bsize } = await statfs(folder)
  const there = `${folder} (${gib(bavail * bsize)} are free)`
  say(`${runs.toLocaleString('en-US')} finished runs take about ${gib(needed)} GiB in ${there}, kept for the next time`)
  if (bavail * bsize >= needed) return
  throw new Error(`there is too little room in ${there}: give --kept another folder, or a smaller --finished`)
}

async function foundTenant(kept: KeptData, context: ScenarioContext): Promise<SeedTenant> {
  const own = new StepStack()
  context.cleanup.defer(() => own.unwind())
  try {
    const { postgres } = await startMeasuredCluster({ ...context, cleanup: own }, { kept })
    const [tenant] = await postgres.query<{ [Name in keyof SeedTenant]: string }>(
      `select organization_id as "organizationId", id as "agentId", active_version_id as "agentVersionId"
         from agents where name = $1`,
      [AGENT],
    )
    if (!tenant) throw new Error('the agent was not published')
    return tenant
  } finally {
    await own.unwind()
  }
}

async function seed(kept: KeptData, tenant: SeedTenant, runs: number, context: ScenarioContext): Promise<void> {
  const own = new StepStack()
  context.cleanup.defer(() => own.unwind())
  try {
    const settings = { maintenance_work_mem: '512MB', max_wal_size: '8GB', checkpoint_timeout: '1h' }
    const postgres = await startPostgres(await makeWorkFolder(own), own, { settings, kept: kept.postgres })
    const client = new pg.Client({ connectionString: postgres.url })
    // Postgres stops before it when something fails.
    client.on('error', () => undefined)
    await client.connect()
    // A commit that is lost here is seeded anew.
    await client.query('set synchronous_commit = off')
    const onProgress = (done: number) => {
      if (done % 1_000_000 === 0) context.say(`${done.toLocaleString('en-US')} runs`)
    }
    await seedFinished(client, tenant, { runs, items: 'input and output', onProgress })
    await client.query('checkpoint')
    await client.end()
  } finally {
    await own.unwind()
  }
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1)
}
