import { notFound } from '@shared/domain/errors'
import type { Handlers } from '@shared/http/serveRoute'
import { scopeOf } from '@shared/intake/caller'
import { cancelRun } from '@shared/intake/cancelRun'
import { beginRun } from '@shared/intake/beginRun'
import { keepRunAlive, pushRun } from '@shared/intake/pushRun'
import { resumeRun } from '@shared/intake/resumeRun'
import { retryRun } from '@shared/intake/retryRun'
import { readAccepted } from '@shared/intake/accepted'
import { findRun } from '@shared/store/runs'
import type { ApiTools } from '../apiTools.ts'

const REPLAYED = { 'Idempotent-Replayed': 'true' }

type Names = 'readRun' | 'cancelRun' | 'resumeRun' | 'retryRun' | 'beginRun' | 'pushRun' | 'keepRunAlive'

export function runRoutes(tools: ApiTools): Handlers<Names> {
  return {
    async readRun({ caller, params }) {
      const run = await findRun(tools.db, scopeOf(caller), params.runId)
      if (!run) throw notFound('run')
      return { status: 200, body: run }
    },
    async cancelRun({ caller, params }) {
      return { status: 200, body: await cancelRun(tools, caller, params.runId) }
    },
    async resumeRun({ caller, params, body }) {
      return { status: 200, body: await resumeRun(tools, caller, params.runId, body) }
    },
    async retryRun({ caller, params, key }) {
      const accepted = await retryRun(tools, caller, params.runId, key)
      const headers = { Location: `/v1/runs/${accepted.runId}`, ...(accepted.replayed && REPLAYED) }
      return { status: 202, body: await readAccepted(tools, caller, accepted), headers }
    },
    async beginRun({ caller, params, body, key }) {
      const { run, replayed } = await beginRun(tools, caller, params.sessionId, body, key)
      return { status: 201, body: run, headers: { Location: `/v1/runs/${run.id}`, ...(replayed && REPLAYED) } }
    },
    async pushRun({ caller, params, body, key }) {
      const { run, replayed } = await pushRun(tools, caller, params.runId, body, key)
      return { status: 200, body: run, ...(replayed && { headers: REPLAYED }) }
    },
    async keepRunAlive({ caller, params }) {
      return { status: 200, body: await keepRunAlive(tools, caller, params.runId) }
    },
  }
}
