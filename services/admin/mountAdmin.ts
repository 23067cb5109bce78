import type { Express, RequestHandler } from 'express'
import { type AdminRouteName, adminRoutes } from '@shared/contracts/adminApi'
import type { AdminRoute } from '@shared/contracts/adminRoute'
import { adminOpenApiDocument } from '@shared/contracts/openapi'
import { mountDocsPage } from '@shared/http/docsPage'
import type { AdminTools } from './adminTools.ts'
import { agentRoutes } from './routes/agents.ts'
import { apiKeyRoutes } from './routes/apiKeys.ts'
import { auditRoutes } from './routes/auditLog.ts'
import { commentRoutes } from './routes/comments.ts'
import { endUserRoutes } from './routes/endUsers.ts'
import { inboxRoutes } from './routes/inbox.ts'
import { invitationRoutes } from './routes/invitations.ts'
import { loginRoutes } from './routes/login.ts'
import { memberRoutes } from './routes/members.ts'
import { organizationRoutes } from './routes/organization.ts'
import { runRoutes } from './routes/runs.ts'
import { scoreRoutes } from './routes/scores.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { streamRoutes } from './routes/streams.ts'
import { type AdminHandlers, serveAdmin } from './serveAdmin.ts'

/** Mounts the Admin API, its OpenAPI document and the page of it. */
export function mountAdmin(app: Express, tools: AdminTools, version: string): void {
  const handlers: AdminHandlers<AdminRouteName> = {
    ...loginRoutes(tools),
    ...organizationRoutes(tools),
    ...memberRoutes(tools),
    ...invitationRoutes(tools),
    ...apiKeyRoutes(tools),
    ...auditRoutes(tools),
    ...sessionRoutes(tools),
    ...runRoutes(tools),
    ...streamRoutes(tools),
    ...endUserRoutes(tools),
    ...agentRoutes(tools),
    ...commentRoutes(tools),
    ...inboxRoutes(tools),
    ...scoreRoutes(tools),
  }
  const document = adminOpenApiDocument(version)
  app.get('/admin/v1/openapi.json', (_request, response) => void response.json(document))
  mountDocsPage(app, { at: '/admin/v1/docs', title: 'AgentView Admin API', document: '/admin/v1/openapi.json' })
  for (const name of Object.keys(handlers) as AdminRouteName[]) mountRoute(app, name, handlers, tools)
}

function mountRoute<Name extends AdminRouteName>(
  app: Express,
  name: Name,
  handlers: AdminHandlers<Name>,
  tools: AdminTools,
): void {
  const route: AdminRoute = adminRoutes[name]
  const serve = serveAdmin(tools, name, handlers[name])
  const handler: RequestHandler = (request, response) => {
    const { params, query, body } = request as { params: object; query: object; body: unknown }
    return serve(request, response, { params, query, body })
  }
  app[route.method](route.path.replaceAll(/\{(\w+)\}/g, ':$1'), handler)
}
