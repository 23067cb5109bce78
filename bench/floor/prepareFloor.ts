import { newUuid } from '@shared/domain/ids'
import type { Pool } from 'pg'

/** The rows that runs refer to. */
export interface FloorTenant {
  organizationId: string
  versionId: string
  sessionIds: string[]
}

/** An organization with an agent, an end user and so many sessions. */
export async function prepareFloor(db: Pool, sessions: number): Promise<FloorTenant> {
  const [organizationId, agentId, versionId, endUserId] = [newUuid(), newUuid(), newUuid(), newUuid()]
  const sessionIds = Array.from({ length: sessions }, () => newUuid())
  await db.query(`insert into organizations (id, name, agent_signing_secret) values ($1, 'Floor', '')`, [
    organizationId,
  ])
  await db.query(`insert into agents (id, organization_id, name) values ($1, $2, 'floor')`, [agentId, organizationId])
  await db.query(
    `insert into agent_versions (id, organization_id, agent_id, version, definition) values ($1, $2, $3, '1.0.0', '{}')`,
    [versionId, organizationId, agentId],
  )
  await db.query('insert into end_users (id, organization_id, anonymous) values ($1, $2, true)', [
    endUserId,
    organizationId,
  ])
  await db.query(
    `insert into sessions (id, organization_id, agent_id, end_user_id, space, handle)
       select id, $2, $3, $4, 'production', id::text from unnest($1::uuid[]) as id`,
    [sessionIds, organizationId, agentId, endUserId],
  )
  await db.query(
    'insert into session_heads (session_id, organization_id) select id, $2 from unnest($1::uuid[]) as id',
    [sessionIds, organizationId],
  )
  return { organizationId, versionId, sessionIds }
}
