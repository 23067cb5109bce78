import { realpath } from 'node:fs/promises'
import pg from 'pg'
import { OWNER } from './initialise.ts'
import { StartRefused, errorCode } from './startRefused.ts'

const NO_SUCH_DATABASE = '3D000'
const WRONG_PASSWORD = '28P01'
const CONNECT_MS = 5000

/** The address of a database on the embedded server. */
export function databaseUrl(port: number, password: string, database: string = OWNER): string {
  return `postgres://${OWNER}:${password}@127.0.0.1:${port}/${database}`
}

/** Creates the database of the application on the first start. */
export async function ensureDatabase(port: number, password: string): Promise<void> {
  try {
    await query(databaseUrl(port, password), 'select 1')
  } catch (error) {
    if (errorCode(error) !== NO_SUCH_DATABASE) throw error
    await query(databaseUrl(port, password, 'postgres'), `create database ${OWNER}`)
  }
}

/** Whether a server with our password and on this data folder answers on the port. Throws StartRefused on a wrong password. */
export async function answers(port: number, password: string, data: string): Promise<boolean> {
  try {
    const [row] = await query(databaseUrl(port, password, 'postgres'), 'show data_directory')
    return typeof row?.data_directory === 'string' && (await realpath(row.data_directory)) === (await realpath(data))
  } catch (error) {
    if (errorCode(error) !== WRONG_PASSWORD) return false
    throw new StartRefused(
      `The Postgres that runs on ${data} doesn't take the password kept beside it: set AGENTVIEW_DATA.`,
    )
  }
}

async function query(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_MS })
  // Without a handler an error between two queries would end the process; the next query reports it anyway.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return rows
  } finally {
    await client.end().catch(() => undefined)
  }
}
