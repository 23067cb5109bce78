import { Command } from 'commander'
import { guarded } from '../guarded.ts'
import { readSettings } from '../settings.ts'

/** What carries the commands out is loaded with the first of them: `agentview --help` must not wait for it. */
const carryOut = () => import('./publishCommands.ts')

/** `agentview config push | diff | watch | activate`. */
export function configCommand(): Command {
  const command = new Command('config').description('publish what the config file defines')
  command
    .command('push')
    .description('make a new version of each agent that changed, and make it active: all of them, or nothing')
    .action(() => guarded(async () => (await carryOut()).push(readSettings(process.env))))
  command
    .command('diff')
    .description('say what a push would change; 1 when it would change something, 2 when that can not be said')
    .action(() => guarded(async () => (await carryOut()).diff(readSettings(process.env)), 2))
  command
    .command('watch')
    .description('push whenever the config changes, as -dev.N where a version is taken; for development')
    .action(() => guarded(async () => (await carryOut()).watch(readSettings(process.env))))
  command
    .command('activate')
    .description(
      'make a published version the active one, e.g. an older one: sessions on a newer one go on with theirs',
    )
    .argument('<agent>')
    .argument('<version>')
    .action((agent: string, version: string) =>
      guarded(async () => (await carryOut()).activate(readSettings(process.env), agent, version)),
    )
  return command
}
