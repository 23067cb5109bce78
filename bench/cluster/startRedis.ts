import type { Cleanup } from './cleanup.ts'
import { freePorts, isListening } from './ports.ts'
import { type StartedProcess, startProcess, waitUntil } from './startProcess.ts'
import type { WorkFolder } from './workFolder.ts'

const READY_MS = 15_000

/** The Redis of REDIS_URL, or a new one from `redis-server` on the PATH, which is stopped at the end. */
export async function startRedis(
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<{ url: string; process?: StartedProcess }> {
  if (environment.REDIS_URL) return { url: environment.REDIS_URL }
  const [port = 0] = await freePorts(1)
  const process = await launch(port, folder, environment)
  cleanup.defer(() => process.stop(5_000))
  await waitUntil(process, () => isListening(port), READY_MS)
  return { url: `redis://127.0.0.1:${port}`, process }
}

async function launch(port: number, folder: WorkFolder, env: NodeJS.ProcessEnv): Promise<StartedProcess> {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    // As in production: a queue must never lose keys to memory pressure, and a restart gives back what was there.
    'maxmemory-policy': 'noeviction',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const cwd = await folder.make('redis')
  try {
    return await startProcess({ name: 'redis', command: 'redis-server', args, env, cwd, logs: folder.logs })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new Error('A cluster needs Redis: there is no redis-server on the PATH. Install it, or set REDIS_URL.')
  }
}
