import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Command, InvalidArgumentError } from 'commander'
import { migrate } from '@agentview/migrations/migrate'
import { createOutboundGuard } from '@shared/outbound/guard'
import { createPool } from '@shared/store/pool'
import { agentCommand } from './agentCheck/command.ts'
import { bootstrap } from './bootstrap.ts'
import { examine } from './doctor/doctor.ts'
import { renderFindings } from './doctor/finding.ts'
import { guarded } from './guarded.ts'
import { configCommand } from './publish/command.ts'
import { resetPassword } from './resetPassword.ts'
import { runQuarantine } from './quarantine.ts'
import { configuredPart, publish } from './publishConfig.ts'
import { type Role, runProcess } from './runProcess.ts'
import { type Settings, SettingsError, readSettings } from './settings.ts'
import { helpText } from './settingsTexts.ts'

const { version }: { version: string } = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('agentview/package.json'), 'utf8'),
)

const program = new Command('agentview')
  .description('The backend for conversational agents')
  .version(version)
  .showHelpAfterError('(agentview --help shows what there is)')
  .addHelpText('after', `\nSettings, from the environment:\n${helpText()}`)

program
  .command('start')
  .description('everything in one process: APIs, realtime and a worker')
  .option('--examples', 'also run the example agents eliza and replay')
  .action((options: { examples?: boolean }) =>
    run(['api', 'realtime', 'admin', 'worker'], { examples: options.examples ?? false }),
  )

const SERVICES = {
  api: 'the Client API alone',
  realtime: 'Socket.IO and event streams alone',
  admin: 'the Admin API alone',
} as const
for (const role of ['api', 'realtime', 'admin'] as const) {
  program
    .command(role)
    .description(SERVICES[role])
    .action(() => run([role], {}))
}

program
  .command('worker')
  .description('a worker alone: carries out runs')
  .option('--concurrency <runs>', 'runs at once', wholeNumber)
  .action((options: { concurrency?: number }) => run(['worker'], options))

program
  .command('migrate')
  .description('bring the database of DATABASE_URL to the newest schema')
  .action(() =>
    guarded(async () => {
      await migrate(databaseUrlOf(readSettings(process.env)))
      console.log('The database is up to date.')
    }),
  )

program
  .command('bootstrap')
  .description(
    'make the first organization and its keys, and publish the agents of the config file; again does nothing',
  )
  .option('--new-keys', 'make another pair of keys when the first are lost')
  .action((options: { newKeys?: boolean }) => guarded(() => bootstrapCluster(options.newKeys ?? false)))

program
  .command('reset-password')
  .description('give somebody who can’t log in a new password, and end all logins of his')
  .argument('<email>', 'whose')
  .action((email: string) => guarded(() => resetPassword(readSettings(process.env), email)))

program
  .command('doctor')
  .description('look at all that AgentView stands on, and say what to do; 1 when something is bad')
  .action(() =>
    guarded(async () => {
      const found = await examine(readSettings(process.env))
      console.log(renderFindings(found))
      if (found.some(({ level }) => level === 'bad')) process.exit(1)
    }),
  )

program
  .command('quarantine', { hidden: true })
  .description('carries out runs that have lost two workers; started by workers')
  .action(() => guarded(() => runQuarantine(readSettings(process.env))))

program.addCommand(configCommand())
program.addCommand(agentCommand())

await program.parseAsync()

/** Runs roles until a signal; a second signal ends at once. */
async function run(roles: Role[], options: { examples?: boolean; concurrency?: number }): Promise<void> {
  await guarded(async () => {
    const read = readSettings(process.env)
    const settings = { ...read, concurrency: options.concurrency ?? read.concurrency }
    if (settings.databaseUrl === null && roles.length === 1) {
      throw new SettingsError(
        `"agentview ${roles[0]}" runs one role of a cluster: set DATABASE_URL, or use "agentview start".`,
      )
    }
    let stopAsked = false
    const begun = runProcess({ settings, roles, examples: options.examples ?? false, version, onNotice: console.error })
    const stop = async () => {
      if (stopAsked) process.exit(130)
      stopAsked = true
      await begun.then(
        (running) => running.stop(),
        () => undefined,
      )
      process.exit(0)
    }
    process.on('SIGINT', () => void stop())
    process.on('SIGTERM', () => void stop())
    const running = await begun
    if (!stopAsked) console.log(banner(settings, roles, running))
  })
}

function banner(
  settings: Settings,
  roles: Role[],
  { port, credentials, agents }: Awaited<ReturnType<typeof runProcess>>,
): string {
  const url = `http://localhost:${port}`
  if (!credentials) return `AgentView ${roles.join(' + ')} is ready on ${url}`
  return [
    '',
    `  AgentView is ready on ${url}`,
    '',
    `  Studio        ${url}/studio/`,
    `  Chat          ${url}/demo/`,
    `  Client API    ${url}/openapi.json`,
    `  Admin API     ${url}/admin/v1/docs`,
    `  Agents        ${agents.join(', ') || 'none yet: see README, "A first agent"'}`,
    '',
    ...(credentials.owner
      ? [`  Log in as        ${credentials.owner.email}`, `  Password         ${credentials.owner.password}`]
      : []),
    `  Secret key       ${credentials.secretKey}`,
    `  Publishable key  ${credentials.publishableKey}`,
    `  (also in ${settings.dataFolder}/credentials.json)`,
    '',
    '  Ctrl-C stops it.',
    '',
  ].join('\n')
}

async function bootstrapCluster(newKeys: boolean): Promise<void> {
  const settings = readSettings(process.env)
  const databaseUrl = databaseUrlOf(settings)
  const db = createPool({
    url: databaseUrl,
    name: 'agentview bootstrap',
    max: 2,
    onError: (error) => console.error(error.message),
  })
  try {
    const { organizationId, credentials, made } = await bootstrap({
      databaseUrl,
      secret: settings.secret!,
      dataFolder: settings.dataFolder,
      url: `http://localhost:${settings.port}`,
      publicUrl: settings.publicUrl ?? `http://localhost:${settings.port}`,
      allowLocalOrigins: false,
      newKeys,
    })
    const guard = createOutboundGuard(settings.allowHosts)
    const configured = await configuredPart(settings, settings.secret!)
    const published = configured ? await publish(db, organizationId, configured, 'start', guard) : []
    for (const { name, version } of published) console.log(`Agent ${name} ${version}`)
    if (made) console.log(`Organization ${organizationId}; its keys are in ${settings.dataFolder}/credentials.json`)
    else
      console.log(
        `Organization ${organizationId} was there.${credentials ? '' : ' Its keys were shown when it was made; --new-keys makes others.'}`,
      )
  } finally {
    await db.end()
  }
}

function databaseUrlOf(settings: Settings): string {
  if (settings.databaseUrl === null)
    throw new SettingsError('Set DATABASE_URL; the embedded Postgres needs no preparation.')
  return settings.databaseUrl
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 9999.')
  return Number(text)
}
