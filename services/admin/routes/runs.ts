import { notFound } from '@shared/domain/errors'
import { readAttempt } from '@shared/store/admin/readAttempt'
import type { AdminTools } from '../adminTools.ts'
import type { AdminHandlers } from '../serveAdmin.ts'
import { showAttempt } from '../showAttempt.ts'

export function runRoutes({ db, writeRequest }: AdminTools): AdminHandlers<'readAttempt'> {
  return {
    async readAttempt({ caller, params }) {
      const record = await readAttempt(db, caller.organizationId, params.runId, Number(params.attempt))
      if (!record) throw notFound('attempt')
      return { status: 200, body: showAttempt(record, writeRequest) }
    },
  }
}
