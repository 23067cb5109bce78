import type { Handlers } from '@shared/http/serveRoute'
import { giveFeedback } from '@shared/intake/giveFeedback'
import type { ApiTools } from '../apiTools.ts'

export function feedbackRoutes(tools: ApiTools): Handlers<'giveFeedback'> {
  return {
    async giveFeedback({ caller, params, body, key }) {
      const { score, outcome } = await giveFeedback(tools, caller, params.itemId, body, key)
      const headers = outcome === 'replayed' ? { 'Idempotent-Replayed': 'true' } : undefined
      return { status: outcome === 'created' ? 201 : 200, body: score, ...(headers && { headers }) }
    },
  }
}
