import type { BatchEntry } from '@shared/contracts/messages'
import { notFound } from '@shared/domain/errors'
import { errorAnswer, explained } from '@shared/http/answers'
import { hashOfRequest } from '@shared/http/idempotency'
import type { Handlers } from '@shared/http/serveRoute'
import { type Accepted, readAccepted } from '@shared/intake/accepted'
import type { Talker } from '@shared/intake/caller'
import { type BatchMessage, sendBatch } from '@shared/intake/sendBatch'
import { readSession } from '@shared/store/sessions'
import type { ApiTools } from '../apiTools.ts'

const PATH = '/v1/messages/batch'

/** Many messages by one request, each answered as if it had been sent alone, without waiting for its run. */
export function batchRoutes(tools: ApiTools): Handlers<'sendBatch'> {
  return {
    async sendBatch({ caller, body, request, response }) {
      const messages = body.messages.map(batchMessage)
      const settled = await sendBatch(tools, caller, messages)
      const refused = (error: unknown) => {
        const fault = explained(tools.log, error, request, response)
        return { status: fault.status, ...errorAnswer(fault, response) }
      }
      const answers = settled.map(async (result, place) => {
        if (result.status === 'rejected') return refused(result.reason)
        return accepted(tools, caller, result.value, !('sessionId' in messages[place]!.entry)).catch(refused)
      })
      const results = await Promise.all(answers)
      return { status: 200, body: { results } }
    },
  }
}

async function accepted(tools: ApiTools, caller: Talker, acceptance: Accepted, withSession: boolean) {
  const [body, session] = await Promise.all([
    readAccepted(tools, caller, acceptance),
    withSession ? readSession(tools.db, acceptance.sessionId) : null,
  ])
  if (withSession && !session) throw notFound('session')
  return {
    status: 202,
    ...body,
    ...(session && { session }),
    ...(acceptance.replayed && { replayed: true as const }),
  }
}

function batchMessage(entry: BatchEntry): BatchMessage {
  const { idempotencyKey, ...message } = entry
  if (idempotencyKey === undefined) return { entry, key: null }
  return { entry, key: { route: `post ${PATH}`, key: idempotencyKey, requestHash: hashOfRequest(PATH, message) } }
}
