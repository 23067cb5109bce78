import type { Knex } from 'knex'
import type { AuditEntry } from '@shared/contracts/adminObjects'
import { idOf } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { iso, uuid } from '../render.ts'
import { type Page, beyond } from '../sessions.ts'

export interface AuditFilter {
  after: string | null
  by: string | null
  action: string | null
  target: string | null
  from: string | null
  to: string | null
}

interface AuditRow {
  id: string
  at: Date
  member_id: string | null
  name: string | null
  action: string
  target: string
  details: JsonObject
  request_id: string
  address: string | null
}

/** Entries by their ids, which follow the time. `action` may be a whole one or its first word. */
export async function listAudit(
  reads: Knex,
  organizationId: string,
  { after, by, action, target, from, to }: AuditFilter,
  { limit, order }: Page,
): Promise<AuditEntry[]> {
  const list = reads('audit_log as a')
    .leftJoin('members as m', 'm.id', 'a.member_id')
    .leftJoin('users as u', 'u.id', 'm.user_id')
    .select('a.id', 'a.at', 'a.member_id', 'u.name', 'a.action', 'a.target', 'a.details', 'a.request_id', 'a.address')
    .where('a.organization_id', uuid('organization', organizationId))
    .orderBy('a.id', order)
    .limit(limit)
  if (after) void list.where('a.id', beyond(order), uuid('auditEntry', after))
  if (by) void list.where('a.member_id', uuid('member', by))
  if (action) void list.where((either) => either.where('a.action', action).orWhereLike('a.action', `${action}.%`))
  if (target) void list.where('a.target', target)
  if (from) void list.where('a.at', '>=', from)
  if (to) void list.where('a.at', '<', to)
  const rows: AuditRow[] = await list
  return rows.map((row) => ({
    id: idOf('auditEntry', row.id),
    at: iso(row.at),
    ...(row.member_id !== null && { by: { id: idOf('member', row.member_id), name: row.name ?? '' } }),
    action: row.action,
    target: row.target,
    details: row.details,
    requestId: row.request_id,
    ...(row.address !== null && { address: row.address }),
  }))
}
