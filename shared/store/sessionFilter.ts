import type { Run, Space } from '@shared/domain/objects'

/** Which sessions a list shows; null: all. */
export interface SessionFilter {
  organizationId: string
  endUserId: string | null
  agent: string | null
  space: Space | null
  /** Of the session's last run. */
  status: Run['status'] | null
  metadata: Record<string, string>
  /** Id of the last session of the page before. */
  after: string | null
}
