import type { Cleanup } from './cleanup.ts'
import { Member } from './member.ts'
import { freePorts, isListening } from './ports.ts'
import { type StartedProcess, startProcess } from './startProcess.ts'
import type { WorkFolder } from './workFolder.ts'

/** A new Redis from `redis-server` on the PATH, on a free port; stopped at the end. */
export async function startRedis(
  folder: WorkFolder,
  environment: NodeJS.ProcessEnv,
  cleanup: Cleanup,
): Promise<Member> {
  const [port = 0] = await freePorts(1)
  const cwd = await folder.make('redis')
  const redis = new Member({
    name: 'redis',
    url: `redis://127.0.0.1:${port}`,
    launch: () => launch(port, cwd, folder.logs, environment),
    isReady: () => isListening(port),
  })
  cleanup.defer(() => redis.stop(5_000))
  await redis.start()
  return redis
}

async function launch(port: number, cwd: string, logs: string, env: NodeJS.ProcessEnv): Promise<StartedProcess> {
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
  try {
    return await startProcess({ name: 'redis', command: 'redis-server', args, env, cwd, logs })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new Error('A cluster needs Redis: there is no redis-server on the PATH. Install it, or set REDIS_URL.')
  }
}
