import type { Cleanup } from './cleanup.ts'
import type { WorkFolder } from './workFolder.ts'

/** Several processes with a pool each, and room for their data: the embedded defaults are for one process on a laptop. */
const SETTINGS = { max_connections: '300', shared_buffers: '128MB' }

/** The database of DATABASE_URL, or a new one from the embedded binaries, which is stopped at the end. */
export async function startPostgres(
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<{ url: string }> {
  if (environment.DATABASE_URL) return { url: environment.DATABASE_URL }
  const { startEmbeddedPostgres } = await import('agentview/embedded/postgres')
  const postgres = await startEmbeddedPostgres({ folder: await folder.make('postgres'), settings: SETTINGS })
  cleanup.defer(() => postgres.stop())
  return { url: postgres.url }
}
