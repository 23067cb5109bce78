import type { Connections } from '@shared/delivery/connections'
import type { SessionFeeds } from '@shared/delivery/sessionFeeds'
import type { FaultLog } from '@shared/http/answers'
import type { IntakeTools } from '@shared/intake/intakeTools'

/** What adapters of other protocols work with. */
export interface InteropTools extends IntakeTools {
  feeds: SessionFeeds
  connections: Connections
  log: IntakeTools['log'] & FaultLog
}
