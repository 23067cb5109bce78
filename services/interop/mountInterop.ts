import type { Express } from 'express'
import type { Door } from '@shared/intake/door'
import { agUiRouter } from './ag-ui/agUiRouter.ts'
import { agnoRouter } from './agno/agnoRouter.ts'
import type { InteropTools } from './interopTools.ts'

/** Mounts other protocols for clients that speak them; their bodies are their own, so before the reader of JSON bodies. */
export function mountInterop(app: Express, tools: InteropTools, door: Door): void {
  app.use('/agno', agnoRouter(tools, door))
  app.use('/ag-ui', agUiRouter(tools, door))
}
