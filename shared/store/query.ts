import type { PoolClient, QueryResultRow } from 'pg'
import type { Database } from './pool.ts'

/** A statement that Postgres plans once per connection; `name` must be unique to the text. */
export interface Statement {
  name: string
  text: string
}

/** All rows of a prepared statement. `Row` is what the literal SQL selects: the one place where that is asserted. */
export async function query<Row extends QueryResultRow>(
  db: Pick<Database, 'query'>,
  statement: Statement,
  values: unknown[],
): Promise<Row[]> {
  const result = await db.query<Row>({ name: statement.name, text: statement.text, values })
  return result.rows
}

/** The first row, or null. */
export async function queryOne<Row extends QueryResultRow>(
  db: Pick<Database, 'query'>,
  statement: Statement,
  values: unknown[],
): Promise<Row | null> {
  return (await query<Row>(db, statement, values))[0] ?? null
}

/** Calls one of functions/*.sql that takes jsonb and returns jsonb. */
export async function callFunction<Result>(
  db: Pick<Database, 'query'>,
  name: string,
  ...parameters: unknown[]
): Promise<Result> {
  const places = parameters.map((_, index) => `$${index + 1}::jsonb`).join(', ')
  const rows = await query<{ result: Result }>(
    db,
    { name, text: `select ${name}(${places}) as result` },
    parameters.map((parameter) => (parameter === null ? null : JSON.stringify(parameter))),
  )
  return rows[0]!.result
}

/**
 * Does work in one transaction on a connection of its own; `begin` is the statement that opens it. Throws what the work
 * throws; the connection is then given up, which rolls back.
 */
export async function inTransaction<Result>(
  db: Pick<Database, 'connect'>,
  begin: string,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await db.connect()
  let broken = true
  try {
    await client.query(begin)
    const result = await work(client)
    await client.query('commit')
    broken = false
    return result
  } finally {
    client.release(broken)
  }
}
