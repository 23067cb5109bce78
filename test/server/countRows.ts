import { uuidOf } from '@shared/domain/ids'
import type { Database } from '@shared/store/pool'
import { eventually } from './eventually.ts'
import type { TestServer } from './startTestServer.ts'

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

/** Resolves once nothing goes on by itself: every run has ended or waits for somebody, what was deleted has vanished. */
export async function quiet({ db, stage }: Pick<TestServer, 'db' | 'stage'>): Promise<void> {
  await eventually(async () => {
    const held = stage.held().map((runId) => uuidOf('run', runId))
    const { rows } = await db.query<{ quiet: boolean }>(
      `select not exists (
         select from runs where (status = 'queued' and is_next)
           or (status = 'running' and owner <> 'external' and id <> all ($1))
       ) and not exists (select from sessions where deleted_at is not null)
         and not exists (select from end_users where deleted_at is not null) as quiet`,
      [held],
    )
    return rows[0]!.quiet
  })
}
