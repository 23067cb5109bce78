import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { markdownTable } from '../faults/run/table.ts'

interface FunctionTime {
  name: string
  calls: number
  total: number
  self: number
}

/** Writes down where Postgres' functions spend their time, as `track_functions` has counted it, with and without callees. */
export async function writeFunctionTimes(databaseUrl: string, folder: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<FunctionTime>(TIMES)
    const table = rows.map(({ name, calls, total, self }) => [
      name,
      String(calls),
      ...[total, self, total / calls, self / calls].map((ms) => ms.toFixed(3)),
    ])
    const columns = ['function', 'calls', 'total ms', 'self ms', 'total of one', 'self of one']
    await writeFile(path.join(folder, 'postgres-functions.md'), `${markdownTable(columns, table).join('\n')}\n`)
  } finally {
    await client.end()
  }
}

const TIMES = `
  select funcname as name, calls::int, total_time as total, self_time as self
    from pg_stat_user_functions order by self_time desc`
