import type { Static, TSchema } from 'typebox'
import type * as domain from '@shared/domain/requests'
import type { clientRoutes } from './clientApi.ts'
import type { TokenGrant } from './endUserRoutes.ts'
import type { CreateMemory, UpdateMemory } from './memories.ts'
import type { BeginSession, CreateSession, GiveFeedback, ResumeRun, SendMessage, UpdateSession } from './messages.ts'
import type { Same } from './objects.ts'

type Answer<Name extends keyof typeof clientRoutes, Status extends number> = (typeof clientRoutes)[Name] extends {
  responses: { [S in Status]: infer Schema extends TSchema }
}
  ? Static<Schema>
  : never

/** Compiles only while what clients send and are answered is the same as schemas and as the plain types of the SDK. */
export const REQUESTS_MATCH_TYPES: [
  Same<SendMessage, domain.MessageRequest>,
  Same<CreateSession, domain.SessionRequest>,
  Same<BeginSession, domain.FirstMessageRequest>,
  Same<UpdateSession, domain.SessionChange>,
  Same<GiveFeedback, domain.FeedbackRequest>,
  Same<ResumeRun, domain.ResumeRequest>,
  Same<Static<typeof TokenGrant>, domain.TokenGrant>,
  Same<Answer<'sendMessage', 202>, domain.Acceptance>,
  Same<Answer<'beginSession', 202>, domain.SessionAcceptance>,
  Same<Answer<'readAgent', 200>, domain.AgentSummary>,
  Same<CreateMemory, domain.MemoryRequest>,
  Same<UpdateMemory, domain.MemoryChange>,
  Same<Answer<'listMemoryTopics', 200>['data'], domain.MemoryTopic[]>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true]
