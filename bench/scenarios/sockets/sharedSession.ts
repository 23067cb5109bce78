import { randomUUID } from 'node:crypto'
import { isObject } from '@shared/domain/json'
import { idOf, newUuid, uuidOf } from '@shared/domain/ids'
import { AGENT } from '../../agent/script.ts'
import { type ApiClient, createApiClient } from '../../client/apiClient.ts'
import { createSession } from '../../client/calls.ts'
import type { MeasuredCluster } from '../measuredCluster.ts'

/** An end user with very many sessions, and one session that all of the sockets read. */
export interface SharedSession {
  sessionId: string
  lastSeq: number
  tokens: readonly string[]
  /** As many as were asked for. */
  ownSessionIds: readonly string[]
  /** Writes exactly one event, an item with this text. */
  say(mark: string): Promise<void>
}

/** So many that no cache knows all callers by one of them. */
const TOKENS = 64

export async function makeSharedSession(cluster: MeasuredCluster, sessions: number): Promise<SharedSession> {
  const { url, secretKey } = cluster
  const api = createApiClient(url)
  const tokens = await tokensOfOne(api, cluster.publishableKey)
  const sessionId = await createSession(api, tokens[0]!, AGENT)
  // Somebody works on it from outside, so that each push is one event and nothing more.
  const run = await api.post(`/v1/sessions/${sessionId}/runs`, secretKey, { items: [{ type: 'begin' }] }, randomUUID())
  const session = await api.get(`/v1/sessions/${sessionId}`, secretKey)
  return {
    sessionId,
    lastSeq: isObject(session) ? Number(session.lastSeq) : 0,
    tokens,
    ownSessionIds: await copySession(cluster, sessionId, sessions),
    say: (mark) => push(url, secretKey, textOf(run, 'id'), { items: [{ type: 'mark', mark }] }),
  }
}

/** Tokens of one new end user. */
async function tokensOfOne(api: ApiClient, publishableKey: string): Promise<string[]> {
  let grant = await api.post('/v1/auth/anonymous', publishableKey, {}, randomUUID())
  const tokens = [textOf(grant, 'token')]
  while (tokens.length < TOKENS) {
    const refreshToken = textOf(grant, 'refreshToken')
    grant = await api.post('/v1/auth/refresh', publishableKey, { refreshToken }, randomUUID())
    tokens.push(textOf(grant, 'token'))
  }
  return tokens
}

/** New sessions of the same end user and agent, set-based: ten thousand requests would only delay the measurement. */
async function copySession({ postgres }: MeasuredCluster, sessionId: string, count: number): Promise<string[]> {
  const uuids = Array.from({ length: count }, () => newUuid())
  await postgres.query(
    `with made as (
       insert into sessions (id, organization_id, agent_id, end_user_id, space, handle)
         select n.id, s.organization_id, s.agent_id, s.end_user_id, s.space, 'socket'
         from sessions s, unnest($2::uuid[]) n (id) where s.id = $1
         returning id, organization_id)
     insert into session_heads (session_id, organization_id) select id, organization_id from made`,
    [uuidOf('session', sessionId), uuids],
  )
  return uuids.map((uuid) => idOf('session', uuid))
}

async function push(url: string, secretKey: string, runId: string, body: object): Promise<void> {
  const answer = await fetch(`${url}/v1/runs/${runId}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`a push was answered ${answer.status}: ${await answer.text()}`)
  await answer.body?.cancel()
}

function textOf(value: unknown, name: string): string {
  const found = isObject(value) ? value[name] : undefined
  if (typeof found === 'string') return found
  throw new Error(`an answer has no "${name}": ${JSON.stringify(value)?.slice(0, 500)}`)
}
