import { once } from 'node:events'
import { Command } from 'commander'
import { activateVersion, readPublished, type PublishedAgent } from '@shared/store/publishAgents'
import { guarded, troubleOf } from '../guarded.ts'
import { publish, readSealed } from '../publishConfig.ts'
import { type Settings, SettingsError, readSettings } from '../settings.ts'
import { differencesOf, hasDifferences, renderDifferences } from './differences.ts'
import { withTarget } from './target.ts'
import { watchConfig } from './watchConfig.ts'

/** `agentview config push | diff | watch | activate`. */
export function configCommand(): Command {
  const command = new Command('config').description('publish what the config file defines')
  command
    .command('push')
    .description('make a new version of each agent that changed, and make it active: all of them, or nothing')
    .action(() => guarded(() => push(readSettings(process.env))))
  command
    .command('diff')
    .description('say what a push would change; 1 when it would change something, 2 when that can not be said')
    .action(() => guarded(() => diff(readSettings(process.env)), 2))
  command
    .command('watch')
    .description('push whenever the config changes, as -dev.N where a version is taken; for development')
    .action(() => guarded(() => watch(readSettings(process.env))))
  command
    .command('activate')
    .description(
      'make a published version the active one, e.g. an older one: sessions on a newer one go on with theirs',
    )
    .argument('<agent>')
    .argument('<version>')
    .action((agent: string, version: string) => guarded(() => activate(readSettings(process.env), agent, version)))
  return command
}

function push(settings: Settings): Promise<void> {
  return withTarget(settings, async ({ db, organization, secret, guard }) => {
    const config = await readSealed(settings.config.file, secret)
    const published = await publish(db, organization.id, config, 'push', guard)
    for (const agent of published) console.log(lineOf(agent))
  })
}

function diff(settings: Settings): Promise<void> {
  return withTarget(settings, async ({ db, organization, secret }) => {
    const config = await readSealed(settings.config.file, secret)
    const names = config.agents.map(({ name }) => name)
    const published = await readPublished(db, organization.id, names)
    const differences = differencesOf(config, published, organization.settings.customerAuth ?? null)
    console.log(renderDifferences(differences))
    process.exitCode = hasDifferences(differences) ? 1 : 0
  })
}

function watch(settings: Settings): Promise<void> {
  const { file } = settings.config
  return withTarget(settings, async ({ db, organization, secret, guard }) => {
    // The first round says how things stand, and so does one after trouble; the others only what changed.
    let sayAll = true
    const watching = watchConfig(
      file,
      async () => {
        const config = await readSealed(file, secret)
        const published = await publish(db, organization.id, config, 'develop', guard)
        for (const agent of published) if (sayAll || agent.outcome !== 'unchanged') console.log(lineOf(agent))
        if (sayAll) console.log(`Watching ${file}; Ctrl-C ends.`)
        sayAll = false
        return config.files
      },
      (error) => {
        console.error(troubleOf(error))
        console.error('Nothing was published; the next change tries again.')
        sayAll = true
      },
    )
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    await watching.stop()
  })
}

function activate(settings: Settings, name: string, version: string): Promise<void> {
  return withTarget(settings, async ({ db, organization }) => {
    const activated = await activateVersion(db, organization.id, name, version)
    if (activated) {
      const { before } = activated
      const instead = before === null || before === version ? '' : `, instead of ${before}`
      return console.log(`${name} ${version} is active${instead}.`)
    }
    const known = (await readPublished(db, organization.id, [name])).get(name)
    throw new SettingsError(
      known
        ? `Agent "${name}" has no version ${version}; it has: ${known.map((one) => one.version).join(', ')}.`
        : `There is no agent "${name}".`,
    )
  })
}

const OUTCOMES = {
  published: 'published',
  activated: 'active again',
  unchanged: 'unchanged',
  version_exists: 'refused',
} as const

function lineOf({ name, version, outcome }: PublishedAgent): string {
  return `${name} ${version}: ${OUTCOMES[outcome]}`
}
