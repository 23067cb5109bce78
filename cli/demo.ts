import { createRequire } from 'node:module'
import path from 'node:path'
import express, { type Express } from 'express'
import { tunables } from '@shared/domain/tunables'
import { listAgents } from '@shared/store/agents'
import type { Database } from '@shared/store/pool'

/** The demo chat page: built files of examples/chat, and what they need to know of this server. */
export function mountDemo(app: Express, publishableKey: string, db: Database, organizationId: string): void {
  const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('@examples/chat/package.json')), 'dist')
  app.get('/', (_request, response) => response.redirect('/demo/'))
  app.get('/demo/config.json', async (_request, response) => {
    const agents = await listAgents(db, organizationId, null, { limit: tunables.listMax, order: 'asc' })
    response.set('cache-control', 'no-store').json({
      publishableKey,
      agents: agents.map(({ name, definition }) => ({ name, title: definition.title ?? name })),
    })
  })
  app.use('/demo', express.static(folder))
}
