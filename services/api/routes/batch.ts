import type { BatchEntry } from '@shared/contracts/messages'
import { notFound } from '@shared/domain/errors'
import type { Session } from '@shared/domain/objects'
import { errorAnswer, explained } from '@shared/http/answers'
import { hashOfRequest } from '@shared/http/idempotency'
import type { Handlers } from '@shared/http/serveRoute'
import { type Accepted, readAccepted } from '@shared/intake/accepted'
import type { Talker } from '@shared/intake/caller'
import { type BatchMessage, sendBatch } from '@shared/intake/sendBatch'
import { readSessions } from '@shared/store/sessions'
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
      const begun = settled.flatMap((result, place) =>
        result.status === 'fulfilled' && !('sessionId' in messages[place]!.entry) ? [result.value.sessionId] : [],
      )
      const sessions = begun.length > 0 ? await readSessions(tools.db, begun) : new Map<string, Session>()
      const answers = settled.map(async (result, place) => {
        if (result.status === 'rejected') return refused(result.reason)
        const withSession = !('sessionId' in messages[place]!.entry)
        return accepted(tools, caller, result.value, withSession ? sessions : null).catch(refused)
      })
      return { status: 200, body: { results: await Promise.all(answers) } }
    },
  }
}

async function accepted(
  tools: ApiTools,
  caller: Talker,
  acceptance: Accepted,
  sessions: ReadonlyMap<string, Session> | null,
) {
  const body = await readAccepted(tools, caller, acceptance)
  const session = sessions?.get(acceptance.sessionId)
  if (sessions && !session) throw notFound('session')
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
