import { once } from 'node:events'
import { activateVersion, readPublished, type PublishedAgent } from '@shared/store/publishAgents'
import { troubleOf } from '../guarded.ts'
import { publish, readSealed } from '../publishConfig.ts'
import { type Settings, SettingsError } from '../settings.ts'
import { differencesOf, hasDifferences, renderDifferences } from './differences.ts'
import { withTarget } from './target.ts'
import { watchConfig } from './watchConfig.ts'

/** Publishes what the config file defines, all of it or nothing, and says what came of each agent. */
export function push(settings: Settings): Promise<void> {
  return withTarget(settings, async ({ db, organization, secret, guard }) => {
    const config = await readSealed(settings.config.file, secret)
    const published = await publish(db, organization.id, config, 'push', guard)
    for (const agent of published) console.log(lineOf(agent))
  })
}

/** Says what `push` would change; the process's exit code will be 1 when it would change something. */
export function diff(settings: Settings): Promise<void> {
  return withTarget(settings, async ({ db, organization, secret }) => {
    const config = await readSealed(settings.config.file, secret)
    const names = config.agents.map(({ name }) => name)
    const published = await readPublished(db, organization.id, names)
    const differences = differencesOf(config, published, organization.settings.customerAuth ?? null)
    console.log(renderDifferences(differences))
    process.exitCode = hasDifferences(differences) ? 1 : 0
  })
}

/** Publishes whenever the config's files change, until SIGINT or SIGTERM. */
export function watch(settings: Settings): Promise<void> {
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

/** Makes a published version the active one. Throws SettingsError, with what there is, when there is no such version. */
export function activate(settings: Settings, name: string, version: string): Promise<void> {
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
