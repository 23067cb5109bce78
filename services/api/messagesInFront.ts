import type { RequestListener } from 'node:http'
import type { Logger } from 'pino'
import { clientRoutes } from '@shared/contracts/clientApi'
import type { MarkForPage } from '@shared/http/cors'
import { hotRoute } from '@shared/http/hotRoute'
import { serveRoute } from '@shared/http/serveRoute'
import type { Door } from '@shared/intake/door'
import type { ApiTools } from './apiTools.ts'
import { messageRoutes } from './routes/messages.ts'

/** Messages to a session stand in front of the application: of all requests they are the many. */
export function messagesInFront(
  tools: ApiTools & { log: Logger },
  door: Door,
  markForPage: MarkForPage,
  app: RequestListener,
): RequestListener {
  const route = clientRoutes.sendMessage
  const serve = serveRoute(route, messageRoutes(tools).sendMessage, door)
  return hotRoute({ route, serve, markForPage, log: tools.log }, app)
}
