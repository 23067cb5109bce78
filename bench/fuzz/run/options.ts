import { Command, InvalidArgumentError, Option } from 'commander'

export interface FuzzOptions {
  /** How long sequences are begun. */
  minutes: number
  /** Instead of a time: so many sequences, the same with the same seed. */
  sequences?: number
  seed: number
  /** Operation ids of the OpenAPI document; all without. */
  routes?: string[]
  broker: 'redis' | 'postgres'
  /** No answer may take longer, and nothing that was accepted may go on for longer, in seconds. */
  budget: number
}

/** Reads the command line; ends the process with a message when it makes no sense. */
export function parseOptions(argv: readonly string[]): FuzzOptions {
  const command = new Command('fuzz')
    .description('Sends valid, nearly valid and hostile requests to every route and checks what becomes of them.')
    .option('--minutes <minutes>', 'how long', wholeNumber, 10)
    .option('--sequences <count>', 'so many sequences instead of minutes', wholeNumber)
    .option('--seed <number>', 'reproduces what is sent', wholeNumber, 1)
    .option(
      '--routes <names>',
      'only these operations of the OpenAPI document, such as sendMessage,resumeRun',
      (text) => text.split(','),
    )
    .addOption(new Option('--broker <which>', 'what the queue runs on').choices(['redis', 'postgres']).default('redis'))
    .option('--budget <seconds>', 'the longest that an answer may take', wholeNumber, 30)
    .parse(argv)
  return command.opts<FuzzOptions>()
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}
