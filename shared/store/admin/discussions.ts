import { queryOne } from '../query.ts'
import { uuid } from '../render.ts'
import type { Client } from './audit.ts'

/**
 * Takes the next number of a session's discussion, and holds the discussion until the transaction ends: numbers become visible
 * in their order. `threads`: by how many there are more (or fewer) that nobody has resolved. Null: there is no such session.
 */
export async function takeChange(
  client: Client,
  organizationId: string,
  sessionId: string,
  threads: number,
): Promise<number | null> {
  const row = await queryOne<{ last_change: number }>(
    client,
    {
      name: 'take_change',
      // The session's row is held as well: nothing is added to one that is being erased.
      text: `with session as materialized (
          select id, organization_id from sessions where id = $1 and organization_id = $2 and deleted_at is null for key share
        )
        insert into discussions as d (session_id, organization_id, last_change, open_threads)
          select id, organization_id, 1, greatest($3, 0) from session
        on conflict (session_id) do update set last_change = d.last_change + 1, open_threads = greatest(d.open_threads + $3, 0)
        returning last_change`,
    },
    [uuid('session', sessionId), uuid('organization', organizationId), threads],
  )
  return row && row.last_change
}
