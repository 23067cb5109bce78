import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '@shared/store/pool'

/** What is written whatever is asked: signs of life. */
const OURS = new Set(['workers'])
/** Where a row may be written by itself at any time: by the senders of webhooks; when a key was last used, now and then. */
const RESTLESS = new Set(['deliveries', 'webhook_endpoints', 'api_keys'])

/** Of a table: its rows, and the last transaction that wrote one of them. */
interface TableState {
  rows: number
  /** Null where rows are written by themselves. */
  written: string | null
}

/** A table that a refusal may write to, and one that it may add rows to. */
export interface Allowance {
  writes?: string
  adds?: string
}

/**
 * What a refused request has left behind, by table. Looks at the numbers of rows and at who wrote them last, so that a row
 * that was only changed is noticed too. Counting is worth something only while nothing goes on by itself, so it waits for
 * that, once after each time that something was accepted.
 */
export class RowLedger {
  readonly #db: Database
  readonly #budgetMs: number
  #before: Map<string, TableState> | null = null

  constructor(db: Database, budgetMs: number) {
    this.#db = db
    this.#budgetMs = budgetMs
  }

  /** To be called before a request; gives what never came to rest. */
  async open(): Promise<string[]> {
    if (this.#before) return []
    const waited = await this.settled()
    this.#before = await stateOfTables(this.#db)
    return waited
  }

  /** Something was accepted: rows may have changed, and go on changing. */
  changed(): void {
    this.#before = null
  }

  /** After a refusal. `but`: what it may do nevertheless. */
  async faults(but: Allowance = {}): Promise<string[]> {
    const before = this.#before
    if (!before) return []
    const after = await stateOfTables(this.#db)
    this.#before = after
    return [...after].flatMap(([table, { rows, written }]) => {
      const old = before.get(table)
      if (table === but.adds) return []
      if (old?.rows !== rows) return [`left behind: ${table} had ${old?.rows} rows and has ${rows}`]
      const touched = written !== null && old.written !== written && table !== but.writes
      return touched ? [`left behind: a row of ${table} was written`] : []
    })
  }

  /** Waits until every run has ended or waits for somebody, and what was deleted has vanished. */
  async settled(): Promise<string[]> {
    const deadline = performance.now() + this.#budgetMs
    for (;;) {
      const { rows } = await this.#db.query<{ what: string }>(RESTLESS_ROWS)
      if (rows.length === 0) return []
      if (performance.now() > deadline) return rows.map(({ what }) => `never comes to rest: ${what}`)
      await sleep(10)
    }
  }
}

const RESTLESS_ROWS = `
select 'a run (' || status || ') ' || id as what from runs
 where (status = 'queued' and is_next) or (status = 'running' and owner <> 'external')
union all select 'the deleted session ' || id from sessions where deleted_at is not null
union all select 'the erased end user ' || id from end_users where deleted_at is not null
limit 5`

async function stateOfTables(db: Database): Promise<Map<string, TableState>> {
  const { rows: tables } = await db.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  )
  const looks = tables
    .filter(({ name }) => !OURS.has(name))
    .map(({ name }) => {
      const written = RESTLESS.has(name) ? 'null' : `max(xmin::text::bigint)::text`
      return `select '${name}' as name, count(*)::int as rows, ${written} as written from ${name}`
    })
  const { rows } = await db.query<TableState & { name: string }>(looks.join(' union all '))
  return new Map(rows.map(({ name, rows: count, written }) => [name, { rows: count, written }]))
}
