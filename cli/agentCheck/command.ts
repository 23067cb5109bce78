import { Command, InvalidArgumentError, Option } from 'commander'
import { type JsonObject, isObject } from '@shared/domain/json'
import { CHECKED_PROTOCOLS } from './checkedProtocols.ts'
import type { CheckFlags } from './runCheck.ts'

const HELLO = { type: 'message', role: 'user', content: 'Hello! 👋' }

/** `agentview agent check URL`. Its exit code is 1 when something is wrong, whatever could only be better. */
export function agentCommand(): Command {
  const command = new Command('agent').description('for authors of agent apps')
  command
    .command('check')
    .description('try an agent app against its protocol, with some ten calls, and say what is wrong and what to do')
    .argument('<url>', 'its address', httpUrl)
    .addOption(
      new Option('--secret <whsec>', 'its signing secret (default: that of the credentials file, if there is one)').env(
        'AGENTVIEW_SIGNING_SECRET',
      ),
    )
    .addOption(new Option('--protocol <name>', 'what it speaks').choices(CHECKED_PROTOCOLS).default('agentview'))
    .addOption(new Option('--api-key <key>', 'what an AG-UI agent gets as its bearer token').env('AGENT_API_KEY'))
    .option('--input <json or text>', 'the message that it is sent', inputItem, HELLO)
    .option('--metadata <json>', 'the session’s metadata', jsonObject, {})
    .option('--type <run type>', 'the run’s type', 'chat')
    .option('--timeout <seconds>', 'for each call', seconds, 120)
    .action(async (url: string, flags: CheckFlags) => (await import('./runCheck.ts')).runCheck(url, flags))
  return command
}

function httpUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new InvalidArgumentError('It must be an http(s) URL.')
  return text
}

function inputItem(text: string): JsonObject {
  return text.trimStart().startsWith('{') ? jsonObject(text) : { ...HELLO, content: text }
}

function jsonObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError('It must be a JSON object.')
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 9999.')
  return Number(text)
}
