import { isObject } from '@shared/domain/json'
import type { EndUser } from './endUser.ts'
import { type Fetch, type Refusal, Unreachable, callApi } from './http.ts'

/** A new session of the visitor; the same one for the same key. A refusal is returned, `unavailable` for a server away. */
export async function createSession(
  fetch: Fetch,
  endUser: EndUser,
  agent: string,
  idempotencyKey: string,
): Promise<{ sessionId: string } | { error: Refusal }> {
  try {
    const bearer = await endUser.token()
    const answer = await callApi(fetch, '/v1/sessions', { bearer, idempotencyKey, body: { agent } })
    if (!answer.ok) return { error: answer.error }
    if (!isObject(answer.body) || typeof answer.body.id !== 'string') throw new Unreachable('That is not a session.')
    return { sessionId: answer.body.id }
  } catch (error) {
    return { error: { code: 'unavailable', message: error instanceof Error ? error.message : String(error) } }
  }
}
