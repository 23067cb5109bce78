import type { EndUserTokens } from '@shared/intake/endUserTokens'
import type { IntakeTools } from '@shared/intake/intakeTools'
import type { SessionFeeds } from '@shared/delivery/sessionFeeds'

/** What the routes of the Client API work with. */
export interface ApiTools extends IntakeTools {
  tokens: EndUserTokens
  feeds: SessionFeeds
  /** AGENTVIEW_SECRET: seals the secrets of webhook endpoints. */
  secret: string
}
