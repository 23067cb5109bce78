import { createHash } from 'node:crypto'
import { type CleanedWhere, createAdapterFactory } from 'better-auth/adapters'
import { newUuid } from '@shared/domain/ids'
import type { Database } from '@shared/store/pool'

/** The tables that better-auth may touch, with their columns; it names both, so nothing else gets into the SQL. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  users: ['id', 'email', 'email_verified', 'name', 'image', 'created_at', 'updated_at'],
  accounts: ['id', 'user_id', 'provider_id', 'account_id', 'password', 'created_at', 'updated_at'],
  login_sessions: [
    ...['id', 'user_id', 'token_hash', 'expires_at', 'ip_address', 'user_agent', 'created_at', 'updated_at'],
  ],
}

const TOKEN = 'token_hash'

type Row = Record<string, unknown>

/**
 * better-auth's three tables on our pool. The token of a login stands in its cookie only: here it is looked for and kept
 * by its hash, so that whoever reads the database can't log in as somebody.
 */
export function loginTables(db: Pick<Database, 'query'>) {
  return createAdapterFactory({
    config: {
      adapterId: 'agentview',
      adapterName: 'AgentView',
      supportsBooleans: true,
      supportsDates: true,
      supportsJSON: true,
      transaction: false,
      customIdGenerator: () => newUuid(),
    },
    adapter: () => ({
      async create({ model, data }) {
        const entries = Object.entries<unknown>(data).filter(([column]) => isColumn(model, column))
        const places = entries.map((_, index) => `$${index + 1}`)
        await db.query(
          `insert into ${table(model)} (${entries.map(([column]) => column).join(', ')}) values (${places.join(', ')})`,
          entries.map(([column, value]) => stored(column, value)),
        )
        return data
      },
      async findOne({ model, where }) {
        const [row] = await select(model, where, 'limit 1')
        return (row ?? null) as never
      },
      async findMany({ model, where = [], limit }) {
        return (await select(model, where, `limit ${Number(limit)}`)) as never
      },
      async update({ model, where, update }) {
        const values: unknown[] = []
        const set = changes(model, update as object, values)
        const { rows } = await db.query<Row>(
          `update ${table(model)} set ${set}${conditions(model, where, values)} returning *`,
          values,
        )
        return (rows[0] ? shown(rows[0], where) : null) as never
      },
      async updateMany({ model, where, update }) {
        const values: unknown[] = []
        const set = changes(model, update, values)
        const result = await db.query(`update ${table(model)} set ${set}${conditions(model, where, values)}`, values)
        return result.rowCount ?? 0
      },
      async delete({ model, where }) {
        await remove(model, where)
      },
      async deleteMany({ model, where }) {
        return remove(model, where)
      },
      async count({ model, where = [] }) {
        return (await select(model, where, '')).length
      },
    }),
  })

  async function select(model: string, where: CleanedWhere[], end: string): Promise<object[]> {
    const values: unknown[] = []
    const text = `select * from ${table(model)}${conditions(model, where, values)} ${end}`
    const { rows } = await db.query<Row>(text, values)
    return rows.map((row) => shown(row, where))
  }

  async function remove(model: string, where: CleanedWhere[]): Promise<number> {
    const values: unknown[] = []
    const result = await db.query(`delete from ${table(model)}${conditions(model, where, values)}`, values)
    return result.rowCount ?? 0
  }
}

function table(model: string): string {
  if (Object.hasOwn(COLUMNS, model)) return model
  throw new Error(`better-auth has no business with "${model}"`)
}

function isColumn(model: string, column: string): boolean {
  return COLUMNS[table(model)]!.includes(column)
}

function columnOf(model: string, field: string): string {
  if (isColumn(model, field)) return field
  throw new Error(`"${model}" has no column "${field}"`)
}

function changes(model: string, update: object, values: unknown[]): string {
  const set = Object.entries(update).map(([column, value]) => {
    return `${columnOf(model, column)} = $${values.push(stored(column, value))}`
  })
  return set.join(', ')
}

/** What better-auth asks for in these tables: equality, one of several, and later than; never nothing at all. */
function conditions(model: string, where: readonly CleanedWhere[], values: unknown[]): string {
  if (where.length === 0) throw new Error('better-auth may not touch a whole table')
  const all = where.map(({ field, operator, value, connector }, index) => {
    const column = columnOf(model, field)
    const kept = Array.isArray(value) ? value.map((one) => stored(column, one)) : stored(column, value)
    const place = `$${values.push(kept)}`
    const before = index === 0 ? '' : ` ${connector === 'OR' ? 'or' : 'and'} `
    if (operator === 'in') return `${before}${column} = any (${place})`
    const sign = SIGNS[operator ?? 'eq']
    if (sign === undefined) throw new Error(`better-auth's operator "${operator}" is not known here`)
    return `${before}${column} ${sign} ${place}`
  })
  return ` where ${all.join('')}`
}

const SIGNS: Readonly<Record<string, string>> = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' }

/** The hash of a login's token, as it is kept. */
function stored(column: string, value: unknown): unknown {
  return column === TOKEN && typeof value === 'string' ? createHash('sha256').update(value).digest('hex') : value
}

/** Whoever asked by a token gets it back in its row: better-auth puts it into the cookie again. */
function shown(row: Row, where: readonly CleanedWhere[]): object {
  const asked = where.find(({ field, operator }) => field === TOKEN && operator === 'eq')
  return asked && TOKEN in row ? { ...row, [TOKEN]: asked.value } : row
}
