import { createOutboundGuard } from '@shared/outbound/guard'
import { listen } from '../listen.ts'
import { configuredPart } from '../publishConfig.ts'
import type { Settings } from '../settings.ts'
import { checkAgents } from './checkAgents.ts'
import { checkPostgres } from './checkPostgres.ts'
import { checkRedis } from './checkRedis.ts'
import { type Finding, bad, ok, reasonOf, warn } from './finding.ts'

/** Looks at everything that an installation stands on, and changes nothing. */
export async function examine(settings: Settings): Promise<Finding[]> {
  const { databaseUrl, redisUrl, pool } = settings
  const found = await Promise.all([
    databaseUrl === null ? Promise.resolve([ok('Postgres', 'embedded')]) : checkPostgres(databaseUrl, pool),
    redisUrl === null
      ? Promise.resolve([ok('Redis', 'none: queue and pub/sub run on Postgres')])
      : checkRedis(redisUrl),
    checkPort(settings),
    checkConfig(settings),
  ])
  return [...checkNode(process.versions.node), ...found.flat()]
}

/** The same as package.json's "engines". */
export function checkNode(version: string): Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? [ok('Node', version)]
    : [bad('Node', `is ${version}`, 'Use Node 20.19 or newer.')]
}

async function checkPort({ port, host }: Settings): Promise<Finding[]> {
  try {
    const listening = await listen(port, host)
    await listening.close()
    return [ok('Port', `${host}:${port} is free`)]
  } catch (error) {
    return [warn('Port', reasonOf(error), 'This is as it should be when AgentView is running already.')]
  }
}

async function checkConfig(settings: Settings): Promise<Finding[]> {
  try {
    // Nothing that is sealed here is kept.
    const definitions = (await configuredPart(settings, settings.secret ?? 'doctor'))?.agents ?? []
    const guard = createOutboundGuard(settings.allowHosts)
    if (definitions.length > 0) return await checkAgents(definitions, guard)
    return [ok('Agents', `${settings.config.file} defines none`)]
  } catch (error) {
    return [bad('Agents', reasonOf(error), `Mend ${settings.config.file}.`)]
  }
}
