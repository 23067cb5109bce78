import { createHash } from 'node:crypto'
import type { AttemptDetail } from '@shared/contracts/adminObjects'
import type { AgentDefinition } from '@shared/domain/agents'
import type { AttemptRecord, RequestParts } from '@shared/store/admin/readAttempt'

/** Writes a request as workers do; given by whoever starts the process, since services know no workers. */
export type WriteRequest = (definition: AgentDefinition, parts: RequestParts, runNo: number) => string

/** An attempt for people to read: its request is written again, and is `exact` when its hash is that of what was sent. */
export function showAttempt(record: AttemptRecord, write: WriteRequest): AttemptDetail {
  const { attempt, runNo, definition, parts, responseBody } = record
  const { request, response } = attempt
  const bodies = spellings(parts).map((spelling) => write(definition, spelling, runNo))
  const exact = request && bodies.find((body) => sha256(body) === request.sha256)
  const fidelity = request === undefined ? 'unknown' : exact === undefined ? 'changed' : 'exact'
  const body = exact ?? bodies[0]
  return {
    attempt,
    request: { url: definition.url, fidelity, ...(body !== undefined && { body }), ...request },
    ...(response && {
      response: { ...response, ...(responseBody && { body: withoutNul(responseBody.toString('utf8')) }) },
    }),
  }
}

/**
 * The members of the session come in the order in which Postgres gave them: a first attempt's as they are written in the claim,
 * a later one's as jsonb sorts them.
 */
function spellings(parts: RequestParts): RequestParts[] {
  const { id, handle, metadata, state, agent, endUser } = parts.session
  const { id: person, externalId, metadata: about } = endUser
  const first = { id, handle, metadata, state, agent, endUser: { id: person, externalId, metadata: about } }
  const later = { id, agent, state, handle, endUser: { id: person, metadata: about, externalId }, metadata }
  const both = [first, later].map((session) => ({ ...parts, session }))
  return parts.run.attempt === 1 ? both : both.toReversed()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Agent apps may answer anything; clients need not cope with it. */
function withoutNul(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD')
}
