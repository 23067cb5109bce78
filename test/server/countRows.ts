import type { Database } from '@shared/store/pool'
import { eventually } from './eventually.ts'

/** Those that live by themselves, whatever is asked. */
const OURS = new Set(['workers'])

/** How many rows every table of the schema has: what a refused request must leave as it was. */
export async function countRows(db: Database): Promise<Record<string, number>> {
  const { rows: tables } = await db.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  )
  const counted = tables.filter(({ name }) => !OURS.has(name))
  const columns = counted.map(({ name }) => `(select count(*) from ${name}) as ${name}`)
  const { rows } = await db.query<Record<string, number>>(`select ${columns.join(', ')}`)
  return rows[0]!
}

/** Resolves once nothing goes on by itself: runs that wait for the test's answer don't, all others have ended. */
export async function quiet(db: Database): Promise<void> {
  await eventually(async () => {
    const { rows } = await db.query<{ quiet: boolean }>(
      `select not exists (
         select from runs r join agent_versions v on v.id = r.agent_version_id
         where (r.status = 'queued' and r.is_next) or (r.status = 'running' and v.definition ->> 'url' not like '%/staged')
       ) as quiet`,
    )
    return rows[0]!.quiet
  })
}
