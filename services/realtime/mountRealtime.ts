import type { Express } from 'express'
import { clientRoutes } from '@shared/contracts/clientApi'
import { mountRoutes } from '@shared/http/mountRoutes'
import type { Door } from '@shared/intake/door'
import { type StreamTools, streamRoutes } from './routes/streams.ts'

/** Mounts the Client API's long streams. Sockets are attached to the server, see sockets.ts. */
export function mountRealtime(app: Express, tools: StreamTools, door: Door): void {
  mountRoutes(app, clientRoutes, streamRoutes(tools), door)
}
