import { Command, InvalidArgumentError, Option } from 'commander'
import { type JsonObject, isObject } from '@shared/domain/json'
import { closeAgentConnections } from '@workers/agent/callAgentApp'
import { readCredentials } from '../credentials.ts'
import { CHECKED_PROTOCOLS, type CheckedProtocol } from './callOf.ts'
import { checkAgent } from './checkAgent.ts'
import { type Verdict, formatFinding } from './finding.ts'

interface Flags {
  protocol: CheckedProtocol
  apiKey?: string
  secret?: string
  input: JsonObject
  metadata: JsonObject
  type: string
  timeout: number
}

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
    .action(check)
  return command
}

async function check(url: string, { protocol, apiKey, input, metadata, type, timeout, secret }: Flags): Promise<void> {
  const credentials = secret === undefined ? await readCredentials(process.env.AGENTVIEW_DATA ?? '.agentview') : null
  const known = secret ?? credentials?.agentSigningSecret ?? null
  const counts: Record<Verdict, number> = { good: 0, doubtful: 0, bad: 0 }
  const about = { url, protocol, apiKey, secret: known }
  const agent = { ...about, input, metadata, runType: type, totalMs: timeout * 1_000 }
  for await (const finding of checkAgent(agent)) {
    counts[finding.verdict]++
    console.log(formatFinding(finding))
  }
  console.log(`${counts.good} good, ${counts.doubtful} could be better, ${counts.bad} wrong`)
  await closeAgentConnections()
  process.exitCode = counts.bad > 0 ? 1 : 0
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
