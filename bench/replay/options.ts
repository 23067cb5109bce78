import { Command, InvalidArgumentError, Option } from 'commander'
import { SAMPLE } from './conversations.ts'

export type AgentLanguage = 'node' | 'python'

export interface ReplayOptions {
  file: string
  concurrency: number
  limit?: number
  json: boolean
  /** A server that runs: both or none. */
  url?: string
  eventsUrl?: string
  key?: string
  /** What to start; nothing: whatever runs, else embedded. */
  start?: 'embedded' | 'cluster'
  /** The agent app that plays: examples/replay, or examples/python in what is started for it. */
  agent: AgentLanguage
  workers: number
  killWorkerEvery?: number
}

type Flags = Omit<ReplayOptions, 'file'>

/** Reads the command line; ends the process with a message when it makes no sense. */
export function parseOptions(argv: readonly string[]): ReplayOptions {
  const command = new Command('replay')
    .description('Plays recorded conversations through the public API and compares all that comes back.')
    .argument('[file]', 'conversations, one JSON object a line', SAMPLE)
    .option('--concurrency <count>', 'conversations at a time', positiveInteger, 8)
    .option('--limit <count>', 'play only the first conversations', positiveInteger)
    .option('--url <url>', 'a server that runs (with --key)', address)
    .option('--events-url <url>', 'where its events are read, when not at --url', address)
    .option('--key <key>', 'its publishable key')
    .addOption(new Option('--start <what>', 'start one for this replay').choices(['embedded', 'cluster']))
    .addOption(
      new Option('--agent <language>', 'what the agent app is written in').choices(['node', 'python']).default('node'),
    )
    .option('--workers <count>', 'worker processes of the cluster', positiveInteger, 2)
    .option('--kill-worker-every <seconds>', 'SIGKILL a worker of the cluster, in turn', positiveNumber)
    .option('--json', 'print the summary as JSON', false)
    .parse(argv)
  const flags = command.opts<Flags>()
  const problem = findConflict(flags)
  if (problem) command.error(`error: ${problem}`, { exitCode: 2 })
  return { ...flags, file: command.processedArgs[0] as string }
}

function findConflict({ url, eventsUrl, key, start, agent, killWorkerEvery }: Flags): string | null {
  if ((url === undefined) !== (key === undefined)) return '--url and --key go together'
  if (eventsUrl !== undefined && url === undefined) return '--events-url goes with --url'
  if (url !== undefined && start !== undefined) return '--url names a server that runs, --start starts one: not both'
  if (url !== undefined && agent !== 'node')
    return '--url names a server with its own agent app: --agent goes without it'
  if (killWorkerEvery !== undefined && start !== 'cluster') return '--kill-worker-every needs --start cluster'
  return null
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < 1e6)) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}

function address(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new InvalidArgumentError('It must be an http(s) URL.')
  return text.replace(/\/+$/, '')
}
