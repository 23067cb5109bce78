import { expect } from '@jest/globals'
import type { Run } from '@shared/domain/objects'
import type { Answer, ApiClient } from '../../../test/server/apiClient.ts'
import type { AgentTurn } from '../../../test/server/agentApps.ts'
import { viewOf } from '../../../test/server/eventChecks.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

export const STEP = { type: 'step' }
export const said = (content: string) => ({ type: 'message', role: 'assistant', content })
export const tokenOf = (turn: AgentTurn) => String(turn.headers['agentview-run-token'])

/** A server with runs that agent apps carry out by themselves, and what tests say to them. */
export interface PushWorld {
  server: TestServer
  person: Person
  /** With the secret key. */
  secret: ApiClient
  newSession(agent?: string): Promise<string>
  begin(sessionId: string, body?: object, headers?: Record<string, string>): Promise<Answer<Run>>
  /** A run that the push API has begun, in a session of its own. */
  begun(body?: object): Promise<Run>
  push(runId: string, body?: object, client?: ApiClient, headers?: Record<string, string>): Promise<Answer<Run>>
  /** A run whose agent app has answered 202; `app` has its token. */
  handedOver(agent?: string): Promise<{ sessionId: string; runId: string; turn: AgentTurn; app: ApiClient }>
  /** Kind, status and content of the session's items, which must be those that a reader has folded. */
  shown(sessionId: string): Promise<unknown[]>
}

export async function startPushWorld(): Promise<PushWorld> {
  const server = await startTestServer()
  const person = await server.main.newPerson()
  const secret = server.main.client
  const world: PushWorld = {
    server,
    person,
    secret,
    newSession: async (agent = 'staged') => (await person.client.createSession({ agent })).id,
    begin: (sessionId, body = {}, headers = {}) => secret.post(`/v1/sessions/${sessionId}/runs`, body, headers),
    async begun(body) {
      const answer = await world.begin(await world.newSession(), body)
      expect(answer.status).toBe(201)
      return answer.body
    },
    push: (runId, body = {}, client = secret, headers = {}) =>
      client.request('PATCH', `/v1/runs/${runId}`, { body, headers }),
    async handedOver(agent) {
      const sessionId = await world.newSession(agent)
      const { run } = await person.client.say(sessionId, 'hello')
      const turn = await server.stage.turn(run.id)
      turn.answer(202, {})
      return { sessionId, runId: run.id, turn, app: server.client(tokenOf(turn)) }
    },
    async shown(sessionId) {
      const { items } = await person.client.readSession(sessionId)
      expect(viewOf(await server.logOf(sessionId, () => true)).items).toEqual(items)
      return items!.map(({ kind, status, data }) => [kind, status, data['content'] ?? data['type']])
    },
  }
  return world
}
