import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Cleanup, withCleanup } from '../cluster/cleanup.ts'
import { agentview } from '../cluster/repository.ts'
import type { Row } from './arena/row.ts'
import { CI_ROWS, ROWS } from './rows/catalogue.ts'
import { ALL_MUTATIONS, type FaultOptions, parseOptions } from './run/options.ts'
import { type RunTools, runAll } from './run/runAll.ts'
import { sabotage, tellSabotage } from './run/sabotage.ts'
import { formatTable } from './run/table.ts'
import { soak } from './soak/soak.ts'
import { isSoakGood, tellSoak } from './soak/tellSoak.ts'

// main
//   ├─ rows/catalogue     the fault matrix
//   ├─ runAll             lanes (run/lane), each a cluster of its own (arena/site)
//   │    └─ strikeOnce    row.strike ─▶ heal ─▶ settle ─▶ checker/checkHistory
//   └─ table              exit 1 on any violation, error, or row that never counted

try {
  const options = parseOptions(process.argv, ROWS)
  const ok = await withCleanup((cleanup) => faults(options, cleanup))
  process.exit(ok ? 0 : 1)
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exit(1)
}

async function faults(options: FaultOptions, cleanup: Cleanup): Promise<boolean> {
  const results = await mkdtemp(path.join(tmpdir(), 'agentview-faults-'))
  cleanup.defer(() => removeIfEmpty(results))
  const tools = { cleanup, results, say }
  if (options.soak !== undefined) return soakProduct(options.soak, options, tools)
  return options.sabotage === undefined ? strikeProduct(options, tools) : strikeCopies(options.sabotage, options, tools)
}

type Tools = Omit<RunTools, 'agentview'>

/** One sabotage ends as any breach does, with 1; of all of them it is asked that each was caught. */
async function strikeCopies(chosen: string, options: FaultOptions, tools: Tools): Promise<boolean> {
  const results = await sabotage(chosen, ROWS, options, tools)
  console.log(options.json ? JSON.stringify(results, null, 2) : ['', ...tellSabotage(results)].join('\n'))
  const caught = results.filter(({ violations }) => violations.length > 0)
  return chosen === ALL_MUTATIONS ? caught.length === results.length : caught.length === 0
}

async function soakProduct(minutes: number, options: FaultOptions, tools: Tools): Promise<boolean> {
  const result = await soak(minutes, options, { ...tools, agentview })
  console.log(options.json ? JSON.stringify(result, null, 2) : ['', ...tellSoak(result)].join('\n'))
  return isSoakGood(result)
}

async function strikeProduct(options: FaultOptions, tools: Tools): Promise<boolean> {
  const rows = chosenRows(options)
  const startedAt = performance.now()
  const all = await runAll(rows, options, { ...tools, agentview })
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  if (options.json) {
    console.log(JSON.stringify({ seed: options.seed, seconds, rows: all }, null, 2))
  } else {
    const bad = all.filter(({ ok }) => !ok)
    console.log(['', ...formatTable(all), ''].join('\n'))
    for (const { number, broker, violations, errors } of bad) {
      for (const what of [...violations, ...errors]) console.log(`${number} on ${broker}: ${what}`)
      if (violations.length + errors.length === 0) console.log(`${number} on ${broker}: nothing was struck`)
    }
    console.log(`${all.length - bad.length} of ${all.length} rows hold, seed ${options.seed}, ${seconds} s`)
  }
  const good = all.filter(({ ok }) => ok).length
  if (options.ci) console.log(`${good} passed, ${all.length - good} failed`)
  return all.length > 0 && good === all.length
}

function chosenRows({ ci, only }: FaultOptions): Row[] {
  const numbers = only ?? (ci ? CI_ROWS : null)
  return numbers ? numbers.flatMap((number) => ROWS.filter((row) => row.number === number)) : [...ROWS]
}

async function removeIfEmpty(folder: string): Promise<void> {
  const kept = await readdir(folder)
  if (kept.length === 0) await rm(folder, { recursive: true })
  else say(`Histories and logs: ${folder}`)
}

/** For people; the results alone go to stdout. */
function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
