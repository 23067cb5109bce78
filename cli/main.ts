import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Command, InvalidArgumentError } from 'commander'
import { agentCommand } from './agentCheck/command.ts'
import { guarded } from './guarded.ts'
import { configCommand } from './publish/command.ts'
import type { Role } from './runProcess.ts'
import type { RoleOptions } from './runRoles.ts'
import { databaseUrlOf, readSettings } from './settings.ts'
import { helpText } from './settingsTexts.ts'

const { version }: { version: string } = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('agentview/package.json'), 'utf8'),
)

// What carries a command out is loaded with it: `agentview --help` and `agentview config` must not wait for all the roles.
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
      const { migrate } = await import('@agentview/migrations/migrate')
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
  .action((options: { newKeys?: boolean }) =>
    guarded(async () => {
      const { bootstrapCluster } = await import('./bootstrapCluster.ts')
      await bootstrapCluster(readSettings(process.env), options.newKeys ?? false)
    }),
  )

program
  .command('reset-password')
  .description('give somebody who can’t log in a new password, and end all logins of his')
  .argument('<email>', 'whose')
  .action((email: string) =>
    guarded(async () => {
      const { resetPassword } = await import('./resetPassword.ts')
      await resetPassword(readSettings(process.env), email)
    }),
  )

program
  .command('doctor')
  .description('look at all that AgentView stands on, and say what to do; 1 when something is bad')
  .action(() =>
    guarded(async () => {
      const { examine } = await import('./doctor/doctor.ts')
      const { renderFindings } = await import('./doctor/finding.ts')
      const found = await examine(readSettings(process.env))
      console.log(renderFindings(found))
      if (found.some(({ level }) => level === 'bad')) process.exit(1)
    }),
  )

program
  .command('quarantine', { hidden: true })
  .description('carries out runs that have lost two workers; started by workers')
  .action(() => guarded(async () => (await import('./quarantine.ts')).runQuarantine(readSettings(process.env))))

program.addCommand(configCommand())
program.addCommand(agentCommand())

await program.parseAsync()

function run(roles: Role[], options: RoleOptions): Promise<void> {
  return guarded(async () => (await import('./runRoles.ts')).runRoles(roles, version, options))
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 9999.')
  return Number(text)
}
