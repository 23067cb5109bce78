import { idOf } from '@shared/domain/ids'
import { query, queryOne } from '../query.ts'
import { iso, uuid } from '../render.ts'
import type { Changed, Client } from './audit.ts'

/** An organization as its members see it. */
export async function readOrganization(db: Client, organizationId: string) {
  const row = await queryOne<{ id: string; name: string; origins: string[] | null; created_at: Date }>(
    db,
    {
      name: 'read_organization',
      text: `select id, name, settings -> 'allowedOrigins' as origins, created_at from organizations where id = $1`,
    },
    [uuid('organization', organizationId)],
  )
  if (!row) return null
  const { id, name, origins, created_at } = row
  return { id: idOf('organization', id), name, allowedOrigins: origins ?? [], createdAt: iso(created_at) }
}

/** Changes what is given. */
export async function changeOrganization(
  client: Client,
  organizationId: string,
  { name, allowedOrigins }: { name?: string; allowedOrigins?: string[] },
): Promise<Changed<null>> {
  await query(
    client,
    {
      name: 'change_organization',
      text: `update organizations set name = coalesce($2, name), settings = settings
               || case when $3::jsonb is null then '{}' else jsonb_build_object('allowedOrigins', $3::jsonb) end
             where id = $1`,
    },
    [uuid('organization', organizationId), name ?? null, allowedOrigins ? JSON.stringify(allowedOrigins) : null],
  )
  const details = { ...(name !== undefined && { name }), ...(allowedOrigins && { allowedOrigins }) }
  return { result: null, note: { action: 'organization.change', target: organizationId, details } }
}
