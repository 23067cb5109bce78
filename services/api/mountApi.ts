import type { Express } from 'express'
import { clientRoutes } from '@shared/contracts/clientApi'
import { openApiDocument } from '@shared/contracts/openapi'
import { mountDocsPage } from '@shared/http/docsPage'
import { mountRoutes } from '@shared/http/mountRoutes'
import type { Handlers } from '@shared/http/serveRoute'
import type { Door } from '@shared/intake/door'
import type { ApiTools } from './apiTools.ts'
import { agentRoutes } from './routes/agents.ts'
import { batchRoutes } from './routes/batch.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { endUserRoutes } from './routes/endUsers.ts'
import { feedbackRoutes } from './routes/feedback.ts'
import { memoryRoutes } from './routes/memories.ts'
import { messageRoutes } from './routes/messages.ts'
import { runRoutes } from './routes/runs.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { webhookEndpointRoutes } from './routes/webhookEndpoints.ts'

/** The Client API but its long streams, which services/realtime serves. */
type ApiRoute = Exclude<keyof typeof clientRoutes, 'streamSession' | 'streamRun'>

/** Mounts the Client API and its OpenAPI document. */
export function mountApi(app: Express, tools: ApiTools, door: Door, version: string): void {
  const handlers: Handlers<ApiRoute> = {
    ...tokenRoutes(tools),
    ...agentRoutes(tools),
    ...sessionRoutes(tools),
    ...messageRoutes(tools),
    ...batchRoutes(tools),
    ...feedbackRoutes(tools),
    ...endUserRoutes(tools),
    ...memoryRoutes(tools),
    ...runRoutes(tools),
    ...webhookEndpointRoutes(tools),
    ...deliveryRoutes(tools),
  }
  const document = openApiDocument(version)
  app.get('/openapi.json', (_request, response) => void response.json(document))
  mountDocsPage(app, { at: '/docs', title: 'AgentView Client API', document: '/openapi.json' })
  mountRoutes(app, clientRoutes, handlers, door)
}
