import type { FaultLog } from '@shared/http/answers'
import type { OutboundGuard } from '@shared/outbound/guard'
import type { EndUserTokens } from '@shared/intake/endUserTokens'
import type { IntakeTools } from '@shared/intake/intakeTools'
import type { Connections } from '@shared/delivery/connections'
import type { SessionFeeds } from '@shared/delivery/sessionFeeds'

/** What the routes of the Client API work with. */
export interface ApiTools extends IntakeTools {
  tokens: EndUserTokens
  feeds: SessionFeeds
  connections: Connections
  /** Where URLs that are saved may lead. */
  guard: OutboundGuard
  /** AGENTVIEW_SECRET: seals the secrets of webhook endpoints. */
  secret: string
  log: IntakeTools['log'] & FaultLog
}
