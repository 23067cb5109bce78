import { idOf, uuidOf } from '@shared/domain/ids'
import type { Database } from '@shared/store/pool'
import type { RowLedger } from '../judge/rows.ts'
import type { AsServer } from '../world/asServer.ts'

/** One that ends lets the next of its session begin, which may wait for somebody as well. */
const ROUNDS = 200

/** Cancels what waits for somebody until nothing of an organization lives; gives what can't be ended. */
export async function endRuns(
  db: Database,
  server: AsServer,
  organizationId: string,
  ledger: RowLedger,
): Promise<string[]> {
  for (let round = 0; round < ROUNDS; round++) {
    const restless = await ledger.settled()
    if (restless.length > 0) return restless
    const { rows } = await db.query<{ id: string }>(LIVE, [uuidOf('organization', organizationId)])
    if (rows.length === 0) return []
    for (const { id } of rows) await server.post(`/v1/runs/${idOf('run', id)}/cancel`)
  }
  return [`runs of ${organizationId} do not end, however often they are cancelled`]
}

const LIVE = `
select r.id from runs r join sessions s on s.id = r.session_id
 where s.organization_id = $1 and r.status not in ('completed', 'failed', 'cancelled') order by r.session_id, r.run_no`
