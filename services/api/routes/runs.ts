import { notFound } from '@shared/domain/errors'
import type { Handlers } from '@shared/http/mountRoutes'
import { scopeOf } from '@shared/intake/caller'
import { cancelRun } from '@shared/intake/cancelRun'
import { findRun } from '@shared/store/runs'
import type { ApiTools } from '../apiTools.ts'

export function runRoutes(tools: ApiTools): Handlers<'readRun' | 'cancelRun'> {
  return {
    async readRun({ caller, params }) {
      const run = await findRun(tools.db, scopeOf(caller), params.runId)
      if (!run) throw notFound('run')
      return { status: 200, body: run }
    },
    async cancelRun({ caller, params }) {
      return { status: 200, body: await cancelRun(tools, caller, params.runId) }
    },
  }
}
