import type { SessionEvent } from '@shared/domain/events'
import type { JsonObject } from '@shared/domain/json'
import type { Database } from './pool.ts'
import { callFunction, queryOne } from './query.ts'
import { uuid } from './render.ts'
import { type Written, renderWritten } from './storeEvents.ts'

/** A session's metadata, and by what it can be told whether it is still that. */
export interface MetadataNow {
  metadata: JsonObject
  hash: string
}

/** Null: there is no such session (any more). */
export async function readMetadataNow(db: Database, sessionId: string): Promise<MetadataNow | null> {
  return queryOne<MetadataNow & { metadata: JsonObject }>(
    db,
    {
      name: 'read_metadata_now',
      text: 'select metadata, md5(metadata::text) as hash from sessions where id = $1 and deleted_at is null',
    },
    [uuid('session', sessionId)],
  )
}

export interface SessionChange {
  organizationId: string
  sessionId: string
  /** Of the metadata that the change was checked against. */
  metadataHash: string
  /** Merged; a null takes its key away. */
  metadata: JsonObject
  /** Null takes it away. */
  title?: string | null
}

export type SessionChangeOutcome =
  { outcome: 'updated'; events: SessionEvent[] } | { outcome: 'unchanged' | 'moved' | 'absent' }

/** Changes metadata and title of a session, and says so in its log. `moved`: the metadata is not what it was. */
export async function updateSession(db: Database, change: SessionChange): Promise<SessionChangeOutcome> {
  const { organizationId, sessionId, ...rest } = change
  type Stored = ({ outcome: 'updated' } & Written) | Exclude<SessionChangeOutcome, { outcome: 'updated' }>
  const result = await callFunction<Stored>(db, 'update_session_v1', {
    ...rest,
    organizationId: uuid('organization', organizationId),
    sessionId: uuid('session', sessionId),
  })
  if (result.outcome !== 'updated') return result
  return { outcome: 'updated', events: renderWritten(result, sessionId, null, null) }
}
