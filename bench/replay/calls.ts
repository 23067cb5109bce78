import { randomUUID } from 'node:crypto'
import type { Conversation } from './conversations.ts'
import { isObject } from '@shared/domain/json'
import type { Session } from '@shared/domain/objects'
import type { ApiClient } from '../client/apiClient.ts'
import type { Accepted } from './compareTurn.ts'

/** The name under which examples/replay is published. */
const AGENT = 'replay'

/** A new anonymous end user; gives the token. */
export async function signIn(api: ApiClient, publishableKey: string): Promise<string> {
  return text(await api.post('/v1/auth/anonymous', publishableKey, {}, randomUUID()), 'token')
}

/** A session that carries its own recording; gives the id. */
export async function createSession(api: ApiClient, token: string, conversation: Conversation): Promise<string> {
  const body = { agent: AGENT, metadata: { conversation } }
  return text(await api.post('/v1/sessions', token, body, randomUUID()), 'id')
}

/** One message, accepted once however often it has to be sent. */
export async function sendMessage(api: ApiClient, token: string, sessionId: string, input: string): Promise<Accepted> {
  const accepted = await api.post(`/v1/sessions/${sessionId}/messages`, token, { input }, randomUUID())
  return { runId: text(member(accepted, 'run'), 'id'), itemId: text(member(accepted, 'item'), 'id') }
}

/** The session as the server tells it. */
export async function getSession(api: ApiClient, token: string, sessionId: string): Promise<Session> {
  const session = await api.get(`/v1/sessions/${sessionId}`, token)
  text(session, 'id')
  return session as Session
}

function text(value: unknown, name: string): string {
  const found = member(value, name)
  if (typeof found === 'string') return found
  throw new Error(`an answer has no "${name}": ${JSON.stringify(value)?.slice(0, 500)}`)
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}
