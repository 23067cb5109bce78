import { isObject } from '@shared/domain/json'
import { type Database, createPool } from '../pool.ts'

/** A table that a plan goes over, and how. */
export interface Scan {
  table: string
  /** Null: all of its rows are read, one after another. */
  index: string | null
  /** Whether the index was asked for something, and not only walked from one end to the other. */
  asked: boolean
}

/** One statement as Postgres has planned it, within functions as well. */
export interface Plan {
  query: string
  scans: readonly Scan[]
}

/** A pool of one connection as the product makes it, on which Postgres tells every plan that it carries out. */
export interface WatchedDatabase {
  db: Database
  /** The plans since the last call. */
  taken(): Plan[]
}

const AUTO_EXPLAIN = `
  load 'auto_explain';
  set auto_explain.log_min_duration = 0;
  set auto_explain.log_nested_statements = on;
  set auto_explain.log_format = json;
  set auto_explain.log_level = notice;
  set client_min_messages = notice`

export async function watchPlans(url: string): Promise<WatchedDatabase> {
  const db = createPool({ url, name: 'store test', max: 1, onError: () => undefined })
  let plans: Plan[] = []
  db.on('connect', (client) => {
    client.on('notice', ({ message = '' }) => {
      if (message.startsWith('duration:')) plans.push(readPlan(message.slice(message.indexOf('{'))))
    })
  })
  await db.query(AUTO_EXPLAIN)
  return {
    db,
    taken() {
      const taken = plans
      plans = []
      return taken
    },
  }
}

function readPlan(json: string): Plan {
  const told: unknown = JSON.parse(json)
  if (!isObject(told)) throw new Error(`not a plan: ${json}`)
  return { query: textOf(told['Query Text']), scans: scansOf(told.Plan) }
}

/** Every scan of a node and of what is below it. A bitmap's index stands below the scan of its table. */
function scansOf(node: unknown): Scan[] {
  if (!isObject(node)) return []
  const below = Array.isArray(node.Plans) ? node.Plans : []
  const within = below.flatMap(scansOf)
  const type = node['Node Type']
  if (type === 'Seq Scan') return [{ table: textOf(node['Relation Name']), index: null, asked: false }, ...within]
  const index = textOf(node['Index Name'])
  if (index === '') return within
  return [{ table: textOf(node['Relation Name']), index, asked: 'Index Cond' in node }, ...within]
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
