import type pg from 'pg'

interface Index {
  table: string
  name: string
  /** Of a unique constraint; null: the index stands for itself. */
  constraint: string | null
  definition: string
}

/**
 * Does work on tables without their indexes and makes those anew: many rows come in a fraction of the time. Primary keys
 * stay, since others refer to them; foreign keys are not looked at meanwhile, the rows are made to fit.
 */
export async function withoutIndexes(
  client: pg.Client,
  tables: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const { rows: indexes } = await client.query<Index>(INDEXES, [tables])
  await client.query('set session_replication_role = replica')
  for (const table of tables) await client.query(`alter table ${table} set (autovacuum_enabled = false)`)
  for (const index of indexes) await client.query(dropOf(index))
  await work()
  for (const index of indexes) await client.query(makeOf(index))
  for (const table of tables) await client.query(`alter table ${table} reset (autovacuum_enabled)`)
  await client.query('reset session_replication_role')
}

const INDEXES = `
  select t.relname as table, x.relname as name, c.conname as constraint,
    coalesce(pg_get_constraintdef(c.oid), pg_get_indexdef(i.indexrelid)) as definition
  from pg_index i join pg_class t on t.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
    left join pg_constraint c on c.conindid = i.indexrelid and c.contype = 'u'
  where t.relname = any ($1) and t.relnamespace = 'public'::regnamespace and not i.indisprimary
  order by t.relname, x.relname`

function dropOf({ table, name, constraint }: Index): string {
  return constraint === null ? `drop index ${name}` : `alter table ${table} drop constraint ${constraint}`
}

function makeOf({ table, constraint, definition }: Index): string {
  return constraint === null ? definition : `alter table ${table} add constraint ${constraint} ${definition}`
}
