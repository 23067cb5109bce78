import { Command, InvalidArgumentError } from 'commander'
import { SCENARIO_NAMES, type ScenarioName } from './scenarios/catalogue.ts'

export interface BenchOptions {
  scenarios: readonly ScenarioName[]
  /** A target's name, when only that one is asked for. */
  target?: string
  check: boolean
  json: boolean
  c?: readonly number[]
  seconds?: number
  rounds?: number
  profiles?: string
  finished?: number
  kept?: string
}

interface Flags extends Omit<BenchOptions, 'scenarios' | 'target'> {
  only?: string
}

/** Reads the command line; ends the process with a message when it makes no sense. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const command = new Command('bench')
    .description(
      'Measures AgentView on this machine (docs/performance.md): real processes, fsync on, all of it counted.',
    )
    .argument('[scenarios...]', `what to measure; all without: ${SCENARIO_NAMES.join(', ')}`)
    .option('--check', 'hold every target to account, in at most 25 minutes; exit 1 when one is missed', false)
    .option('--only <name>', 'one scenario, or one target such as streams.p99')
    .option('--json', 'print the results as JSON', false)
    .option('--c <counts>', 'sessions at once, such as 1,64', counts)
    .option('--seconds <count>', 'length of one measured window; replay begins no conversation after it', positive)
    .option('--rounds <count>', 'alternations of throughput and floor', positive)
    .option('--profiles <folder>', 'write CPU profiles of our processes there')
    .option('--finished <runs>', 'finished runs beside which history measures (default: 5000000)', positive)
    .option('--kept <folder>', 'where they are kept between calls (default: .agentview/bench)')
    .parse(argv)
  const { only, ...flags } = command.opts<Flags>()
  const asked = [...command.args, ...(only === undefined ? [] : [only.split('.', 1)[0]!])]
  const unknown = asked.find((name) => !isScenario(name))
  if (unknown !== undefined)
    command.error(`error: there is no ${unknown}; there are ${SCENARIO_NAMES.join(', ')}`, { exitCode: 2 })
  const scenarios = asked.length === 0 ? SCENARIO_NAMES : SCENARIO_NAMES.filter((name) => asked.includes(name))
  return { ...flags, scenarios, ...(only?.includes('.') && { target: only }) }
}

function isScenario(name: string): name is ScenarioName {
  return SCENARIO_NAMES.some((known) => known === name)
}

function counts(text: string): number[] {
  return text.split(',').map(positive)
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}
