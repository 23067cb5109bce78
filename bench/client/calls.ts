import { randomUUID } from 'node:crypto'
import { type JsonObject, isObject } from '@shared/domain/json'
import type { Run, Session } from '@shared/domain/objects'
import type { ApiClient } from './apiClient.ts'

/** What POST message answered: the run, the item that the input became, and the acceptance's last event. */
export interface Accepted {
  runId: string
  itemId: string
  seq: number
}

/** A new anonymous end user; gives the token. */
export async function signIn(api: ApiClient, publishableKey: string): Promise<string> {
  return text(await api.post('/v1/auth/anonymous', publishableKey, {}, randomUUID()), 'token')
}

/** A new session with an agent; gives the id. */
export async function createSession(
  api: ApiClient,
  token: string,
  agent: string,
  metadata: object = {},
): Promise<string> {
  return text(await api.post('/v1/sessions', token, { agent, metadata }, randomUUID()), 'id')
}

/** One message, accepted once however often it has to be sent. */
export async function sendMessage(
  api: ApiClient,
  token: string,
  sessionId: string,
  message: { input: string | JsonObject; onBusy?: string },
  key: string = randomUUID(),
): Promise<Accepted> {
  return readAccepted(await api.post(`/v1/sessions/${sessionId}/messages`, token, message, key))
}

/** Cancels a run; gives it as it is then. */
export async function cancelRun(api: ApiClient, token: string, runId: string, key: string): Promise<Run> {
  const run = await api.post(`/v1/runs/${runId}/cancel`, token, {}, key)
  text(run, 'status')
  // Answered by the route that promises it.
  return run as Run
}

/** Answers one call of a pause. */
export async function resumeRun(
  api: ApiClient,
  token: string,
  runId: string,
  { pauseId, callId }: { pauseId: string; callId: string },
  key: string,
): Promise<void> {
  const answer = { pauseId, toolResults: [{ callId, output: 'yes' }] }
  text(await api.post(`/v1/runs/${runId}/resume`, token, answer, key), 'status')
}

/** Reads the body of an accepted message. */
export function readAccepted(body: unknown): Accepted {
  const seq = member(body, 'seq')
  if (typeof seq !== 'number') throw new Error(`an acceptance has no "seq": ${JSON.stringify(body)?.slice(0, 500)}`)
  return { runId: text(member(body, 'run'), 'id'), itemId: text(member(body, 'item'), 'id'), seq }
}

/** The session as the server tells it. */
export async function getSession(api: ApiClient, token: string, sessionId: string): Promise<Session> {
  const session = await api.get(`/v1/sessions/${sessionId}`, token)
  text(session, 'id')
  // Answered by the route that promises it.
  return session as Session
}

/** All runs of a session in order, as the server tells them. */
export async function listRuns(api: ApiClient, token: string, sessionId: string): Promise<Run[]> {
  const runs: Run[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await api.get(`/v1/sessions/${sessionId}/runs?limit=200&order=asc${from}`, token)
    const data = member(page, 'data')
    // Answered by the route that promises them.
    if (Array.isArray(data)) runs.push(...(data as Run[]))
    const next = member(page, 'nextCursor')
    cursor = typeof next === 'string' ? next : null
  }
  return runs
}

function text(value: unknown, name: string): string {
  const found = member(value, name)
  if (typeof found === 'string') return found
  throw new Error(`an answer has no "${name}": ${JSON.stringify(value)?.slice(0, 500)}`)
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}
