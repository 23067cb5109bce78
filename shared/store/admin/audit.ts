import { newId } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import type { Database } from '../pool.ts'
import { inTransaction, query } from '../query.ts'
import { uuid } from '../render.ts'

/** A connection inside a transaction, or one that needs none. */
export type Client = Pick<Database, 'query'>

/** Who changes something, and by which request. */
export interface Auditor {
  organizationId: string
  /** Null: the server itself, or its operator. */
  memberId: string | null
  requestId: string
  address: string | null
}

/** What was changed: `member.change`, the id or name of its target, and what a person would want to know. */
export interface AuditNote {
  action: string
  target: string
  details?: JsonObject
}

/** What a change comes to: its result, and what is noted of it. Without a note nothing is changed: it was refused, or needless. */
export interface Changed<Result> {
  result: Result
  note: AuditNote | null
}

/** Changes something and notes it, in one transaction: there is no change without its entry in the audit log. */
export async function audited<Result>(
  db: Database,
  by: Auditor,
  change: (client: Client) => Promise<Changed<Result>>,
): Promise<Result> {
  return inTransaction(db, 'begin', async (client) => {
    const { result, note } = await change(client)
    if (note) await writeAudit(client, by, note)
    // Whatever a refusal has touched before it was one; the commit that follows then has nothing to do.
    else await client.query('rollback')
    return result
  })
}

/** The entry alone, for what is changed elsewhere. */
export async function writeAudit(client: Client, by: Auditor, note: AuditNote): Promise<void> {
  await query(
    client,
    {
      name: 'write_audit',
      text: `insert into audit_log (id, organization_id, member_id, action, target, details, request_id, address)
             values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    },
    [
      uuid('auditEntry', newId('auditEntry')),
      uuid('organization', by.organizationId),
      by.memberId && uuid('member', by.memberId),
      note.action,
      note.target,
      JSON.stringify(note.details ?? {}),
      by.requestId,
      by.address,
    ],
  )
}
