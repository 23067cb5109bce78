import { Command, InvalidArgumentError, Option } from 'commander'
import type { Broker } from '../arena/site.ts'
import type { Row } from '../arena/row.ts'
import { MUTATIONS } from '../sabotage/mutations.ts'

export interface FaultOptions {
  times: number
  /** Numbers of rows; all without. */
  only?: number[]
  seed: number
  broker: Broker | 'both'
  lanes: number
  /** Promised times may be taken so many times over. */
  slack: number
  /** The product's own intervals instead of short leases. */
  defaultIntervals: boolean
  /** One of sabotage/mutations.ts, or all: the harness has to notice it. */
  sabotage?: string
  /** Minutes of load and faults of all kinds, instead of rows. */
  soak?: number
  /** The rows that CI strikes, each once on Redis. */
  ci: boolean
  json: boolean
  /** Keeps every history and all logs. */
  keep: boolean
}

export const ALL_MUTATIONS = 'all'

/** Leases of strikes, unless the product's own are asked for: a dead worker is then replaced within 6 s. */
export const SHORT_LEASE_MS = 3_000

/** Reads the command line; ends the process with a message when it makes no sense. */
export function parseOptions(argv: readonly string[], rows: readonly Row[]): FaultOptions {
  const command = new Command('faults')
    .description('Strikes real clusters and checks what clients recorded (docs/reliability.md).')
    .option('--times <count>', 'strikes of each row', wholeNumber, 1)
    .option('--only <rows>', 'numbers of rows, such as 2,14', (text) => rowNumbers(text, rows))
    .option('--seed <number>', 'reproduces the random choices of each strike', wholeNumber, 1)
    .addOption(
      new Option('--broker <which>', 'where the fault makes sense')
        .choices(['redis', 'postgres', 'both'])
        .default('redis'),
    )
    .option('--lanes <count>', 'clusters side by side', wholeNumber, 2)
    .option('--slack <factor>', 'judges promised times so many times over, on a slow or busy machine', wholeNumber, 1)
    .option('--default-intervals', `leases as by default instead of ${SHORT_LEASE_MS} ms`, false)
    .addOption(
      new Option('--sabotage <name>', 'strike a copy of the product with one guard taken away').choices([
        ...MUTATIONS.map(({ name }) => name),
        ALL_MUTATIONS,
      ]),
    )
    .option('--soak <minutes>', 'faults of all kinds at random moments under load, instead of rows', wholeNumber)
    .option('--ci', 'a few rows that cover every invariant; the last line counts them', false)
    .option('--json', 'print the results as JSON', false)
    .option('--keep', 'keep every history and all logs', false)
    .parse(argv)
  return command.opts<FaultOptions>()
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}

function rowNumbers(text: string, rows: readonly Row[]): number[] {
  const known = new Set(rows.map(({ number }) => number))
  return text.split(',').map((part) => {
    const number = Number(part)
    if (known.has(number)) return number
    throw new InvalidArgumentError(`There is no row ${part}; there are ${[...known].join(', ')}.`)
  })
}
