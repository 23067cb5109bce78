import { withCleanup } from '../cluster/cleanup.ts'
import { type FuzzResult, fuzz } from './run/fuzz.ts'
import { type FuzzOptions, parseOptions } from './run/options.ts'
import { startSite } from './run/site.ts'

// main ─▶ run/site (a whole AgentView of its own) ─▶ run/fuzz ─▶ exit 1 on anything that is wrong

try {
  const options = parseOptions(process.argv)
  const result = await withCleanup(async (cleanup) => fuzz(options, await startSite(options.broker, cleanup), say))
  tell(result, options)
  process.exit(result.failure ? 1 : 0)
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exit(1)
}

function tell({ tally, sequences, slowest, failure }: FuzzResult, { broker }: FuzzOptions): void {
  for (const line of tally.lines()) console.log(line)
  console.log(`${sequences} sequences, ${tally.total} calls; the slowest sign of life of a process took ${slowest} ms`)
  if (!failure) return console.log('nothing wrong was found')
  const { seed, transcript, faults } = failure
  console.log(`\nWrong:\n${faults}\n`)
  if (transcript.length > 0) console.log(`The shortest way to it, in a new world:\n${transcript.join('\n')}\n`)
  console.log(`Again: npm run fuzz -- --seed ${seed} --sequences 5 --broker ${broker}`)
}

/** For people; the result alone goes to stdout. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
