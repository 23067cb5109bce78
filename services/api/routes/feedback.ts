import type { Handlers } from '@shared/http/serveRoute'
import { giveFeedback } from '@shared/intake/giveFeedback'
import type { ApiTools } from '../apiTools.ts'

export function feedbackRoutes(tools: ApiTools): Handlers<'giveFeedback'> {
  return {
    async giveFeedback({ caller, params, body, key }) {
      const { score, created, replayed } = await giveFeedback(tools, caller, params.itemId, body, key)
      const headers = replayed ? { 'Idempotent-Replayed': 'true' } : undefined
      return { status: created ? 201 : 200, body: score, ...(headers && { headers }) }
    },
  }
}
