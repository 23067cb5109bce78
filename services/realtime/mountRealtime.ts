import type { Express } from 'express'
import { clientRoutes } from '@shared/contracts/clientApi'
import { mountRoutes } from '@shared/http/mountRoutes'
import type { Authenticator } from '@shared/intake/authenticate'
import { type StreamTools, streamRoutes } from './routes/streams.ts'

/** Mounts the Client API's long streams. Sockets are attached to the server, see sockets.ts. */
export function mountRealtime(app: Express, tools: StreamTools, authenticator: Authenticator): void {
  mountRoutes(app, clientRoutes, streamRoutes(tools), authenticator)
}
