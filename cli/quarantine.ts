import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { createBroker } from '@shared/broker/createBroker'
import { leasesOf } from '@shared/domain/leases'
import { createOutboundGuard } from '@shared/outbound/guard'
import { createPool } from '@shared/store/pool'
import { closeAgentConnections } from '@workers/agent/callAgentApp'
import { runQuarantineWorker } from '@workers/jobs/quarantineWorker'
import { createLogger } from './logger.ts'
import { type Settings, SettingsError } from './settings.ts'

/** Connections to Postgres of a process that carries out one run at a time. */
const POOL = 4

/** Starts this program as a quarantine process; with Postgres' address also where that is embedded. */
export function forkQuarantine(settings: Settings, databaseUrl: string, secret: string): ChildProcess {
  const program = path.join(
    path.dirname(createRequire(import.meta.url).resolve('agentview/package.json')),
    'bin/agentview.js',
  )
  return fork(program, ['quarantine'], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      ...(settings.redisUrl !== null && { REDIS_URL: settings.redisUrl }),
      AGENTVIEW_SECRET: secret,
      AGENTVIEW_ALLOW_HOSTS: settings.allowHosts.join(','),
      AGENTVIEW_LEASE_MS: String(settings.leaseMs),
      LOG_LEVEL: settings.logLevel,
    },
    // A Ctrl-C in the terminal is for the process that has started us, and it stops us in order.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

/** The whole life of a quarantine process. */
export async function runQuarantine(settings: Settings): Promise<void> {
  const { databaseUrl, redisUrl, secret } = settings
  if (databaseUrl === null || secret === null || !process.connected) {
    throw new SettingsError('"agentview quarantine" is started by workers themselves: start "agentview worker".')
  }
  const log = createLogger(settings.logLevel, { roles: 'quarantine' })
  const db = createPool({
    url: databaseUrl,
    name: 'agentview quarantine',
    max: POOL,
    onError: (error) => log.warn({ err: error }, 'a connection to Postgres broke'),
  })
  const broker = await createBroker({
    databaseUrl,
    ...(redisUrl !== null && { redisUrl }),
    onError: (error, where) => log.warn({ err: error, where }, 'the broker has trouble'),
  })
  const guard = createOutboundGuard(settings.allowHosts)
  await runQuarantineWorker({ db, broker, log, leases: leasesOf(settings.leaseMs), guard, secret })
  await closeAgentConnections()
  await broker.close()
  await db.end()
  process.exit(0)
}
