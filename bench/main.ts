import { StepStack, withCleanup } from './cluster/cleanup.ts'
import { describeMachine } from './measure/machine.ts'
import { type BenchOptions, parseOptions } from './options.ts'
import { renderReport, renderTarget } from './scenarios/renderReport.ts'
import { SCENARIOS, type ScenarioName } from './scenarios/catalogue.ts'
import type { Report, ScenarioContext } from './scenarios/scenario.ts'

// npm run bench
//   ├─ parseOptions
//   ├─ each scenario   starts what it needs, measures, counts; what it started ends before the next one begins
//   └─ --check         every target on a line, exit 1 when one is missed

/** One that fails is told and counts as missed; the others still run. */
type Outcome = { report: Report } | { error: string }

const options = parseOptions(process.argv)
const missed = await withCleanup(async (cleanup) => {
  const outcomes: Partial<Record<ScenarioName, Outcome>> = {}
  for (const name of options.scenarios) {
    const own = new StepStack()
    cleanup.defer(() => own.unwind())
    say(`\n${name}: ${SCENARIOS[name].measures}`)
    const begun = performance.now()
    const outcome = await outcomeOf(name, contextOf(options, own))
    await own.unwind()
    say(`${name}: ${Math.round((performance.now() - begun) / 1_000)} s in all`)
    outcomes[name] = outcome
    if (!options.json) tell(name, outcome)
  }
  if (options.json) console.log(JSON.stringify({ machine: describeMachine(), scenarios: outcomes }, null, 2))
  return countMissed(outcomes)
})
process.exitCode = missed > 0 ? 1 : 0

async function outcomeOf(name: ScenarioName, context: ScenarioContext): Promise<Outcome> {
  try {
    return { report: await SCENARIOS[name].run(context) }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

function contextOf(
  { check, c, seconds, rounds, profiles, finished, kept }: BenchOptions,
  cleanup: StepStack,
): ScenarioContext {
  return {
    effort: check ? 'check' : 'full',
    asked: {
      ...(c && { sessions: c }),
      ...(seconds !== undefined && { seconds }),
      ...(rounds !== undefined && { rounds }),
      ...(profiles !== undefined && { profiles }),
      ...(finished !== undefined && { finished }),
      ...(kept !== undefined && { kept }),
    },
    environment: process.env,
    cleanup,
    say,
  }
}

function tell(name: ScenarioName, outcome: Outcome): void {
  if ('error' in outcome) return console.log(`${name} failed: ${outcome.error}`)
  if (!options.check) return console.log(renderReport(outcome.report).join('\n'))
  const asked = outcome.report.targets.filter((target) => isAsked(target.name))
  for (const target of asked) console.log(renderTarget(target))
  // Why one is missed; the targets alone go to stdout.
  if (asked.some(({ met }) => !met)) for (const note of outcome.report.notes) say(`- ${note}`)
}

function isAsked(target: string): boolean {
  return options.target === undefined || options.target === target
}

/** Without --check a missed target is told and nothing more; a scenario that failed always counts. */
function countMissed(outcomes: Partial<Record<ScenarioName, Outcome>>): number {
  return Object.values(outcomes).reduce((sum, outcome) => {
    if ('error' in outcome) return sum + 1
    return sum + (options.check ? outcome.report.targets.filter(({ name, met }) => isAsked(name) && !met).length : 0)
  }, 0)
}

/** For people; the result alone goes to stdout. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
