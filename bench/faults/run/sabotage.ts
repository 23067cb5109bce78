import { makeWorkFolder } from '../../cluster/workFolder.ts'
import type { Row } from '../arena/row.ts'
import type { Mutation } from '../sabotage/mutation.ts'
import { MUTATIONS } from '../sabotage/mutations.ts'
import { sabotagedCopy } from '../sabotage/sabotagedCopy.ts'
import { ALL_MUTATIONS, type FaultOptions } from './options.ts'
import { type RunTools, runAll } from './runAll.ts'
import { markdownTable } from './table.ts'

/** What the harness said of one sabotaged copy. */
export interface Sabotaged {
  name: string
  what: string
  /** Of the rows that struck it last. */
  violations: string[]
  /** Strikes of each row until one reported a violation, or all. */
  strikes: number
  seconds: number
}

/** Strikes copies of the product, each with a guard taken away, until a row reports a violation. */
export async function sabotage(
  chosen: string,
  rows: readonly Row[],
  options: FaultOptions,
  tools: Omit<RunTools, 'agentview'>,
): Promise<Sabotaged[]> {
  const results: Sabotaged[] = []
  for (const mutation of MUTATIONS.filter(({ name }) => chosen === ALL_MUTATIONS || chosen === name)) {
    const result = await strikeCopy(mutation, rows, options, tools)
    tools.say(result.violations.length > 0 ? `${result.name}: caught` : `${result.name}: NOT CAUGHT`)
    results.push(result)
  }
  return results
}

async function strikeCopy(
  mutation: Mutation,
  rows: readonly Row[],
  options: FaultOptions,
  tools: Omit<RunTools, 'agentview'>,
): Promise<Sabotaged> {
  const { name, what, times } = mutation
  const catching = rows.filter(({ number }) => (options.only ?? mutation.rows).includes(number))
  const startedAt = performance.now()
  tools.say(`${name}: ${what}`)
  const agentview = await sabotagedCopy(mutation, await makeWorkFolder(tools.cleanup))
  let violations: string[] = []
  let strikes = 0
  while (violations.length === 0 && strikes < times) {
    const once = { ...options, times: 1, seed: options.seed + strikes++ }
    const results = await runAll(catching, once, { ...tools, agentview })
    violations = results.flatMap((result) => result.violations.map((violation) => `row ${result.number}: ${violation}`))
  }
  return { name, what, violations, strikes, seconds: Math.round((performance.now() - startedAt) / 1_000) }
}

/** For one: what was reported. For several: a table. */
export function tellSabotage(results: readonly Sabotaged[]): string[] {
  const told = results.flatMap(({ name, violations, what }) => [
    violations.length > 0 ? `The sabotage was caught: ${name}.` : `The sabotage was NOT caught: ${name} (${what}).`,
    ...(results.length === 1 ? violations.map((violation) => `  ${violation}`) : []),
  ])
  const rows = results.map(({ name, what, violations, strikes, seconds }) => [
    name,
    what,
    String(strikes),
    violations[0]?.slice(0, 160) ?? 'NOT CAUGHT',
    String(seconds),
  ])
  return results.length === 1
    ? told
    : [...told, '', ...markdownTable(['sabotage', 'what', 'strikes', 'first violation', 's'], rows)]
}
