import { type Database, createPool } from '@shared/store/pool'
import type { MeasuredStatement } from './statements.ts'

/** Milliseconds of one statement. */
export interface Times {
  p50: number
  max: number
}

/** Postgres settles on a plan after five executions. */
const WARM_UP = 10

/** How long each statement takes, round trip and commit included, on one connection as the product makes it. */
export async function measure(
  url: string,
  statements: readonly MeasuredStatement[],
  executions: number,
): Promise<Map<string, Times>> {
  const db = connect(url)
  try {
    const all = new Map<string, Times>()
    for (const statement of statements) all.set(statement.name, await timesOf(db, statement, executions))
    return all
  } finally {
    await db.end()
  }
}

async function timesOf(db: Database, { execute }: MeasuredStatement, executions: number): Promise<Times> {
  for (let time = 0; time < WARM_UP; time++) await execute(db)
  const times: number[] = []
  for (let time = 0; time < executions; time++) {
    const begun = performance.now()
    await execute(db)
    times.push(performance.now() - begun)
  }
  times.sort((a, b) => a - b)
  return { p50: times[Math.floor(executions / 2)]!, max: times.at(-1)! }
}

function connect(url: string): Database {
  return createPool({ url, name: 'bench', max: 1, onError: (error) => console.error(error.message) })
}

const AUTO_EXPLAIN = `
  load 'auto_explain';
  set auto_explain.log_min_duration = 0;
  set auto_explain.log_analyze = on;
  set auto_explain.log_buffers = on;
  set auto_explain.log_nested_statements = on;
  set auto_explain.log_level = notice;
  set client_min_messages = notice`

/** The plans of each statement, also of those within functions, once each: as EXPLAIN (ANALYZE, BUFFERS) prints them. */
export async function explain(url: string, statements: readonly MeasuredStatement[]): Promise<Map<string, string[]>> {
  const db = connect(url)
  let plans: string[] = []
  db.on('connect', (client) => client.on('notice', ({ message }) => plans.push(message ?? '')))
  try {
    await db.query(AUTO_EXPLAIN)
    const all = new Map<string, string[]>()
    for (const { name, execute } of statements) {
      // The plan that is kept, not one of the first.
      for (let time = 0; time < WARM_UP; time++) {
        plans = []
        await execute(db)
      }
      all.set(name, distinct(plans))
    }
    return all
  } finally {
    await db.end()
  }
}

/** A statement of a function comes as often as it ran. */
function distinct(plans: readonly string[]): string[] {
  const seen = new Map<string, string>()
  for (const plan of plans) {
    const text = plan.replace(/^duration: .*plan:\n/, '')
    const query = /^Query Text: ([\s\S]*?)\n(?=\S+ .*\(cost)/.exec(text)?.[1] ?? text
    if (!seen.has(query)) seen.set(query, text)
  }
  return [...seen.values()]
}
