import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Memory } from '@shared/domain/memories'
import { setCustomerAuth } from '@shared/store/organizations'
import { sealAuth } from '@shared/store/sealedDefinitions'
import type { Run } from '@shared/domain/objects'
import { SignJWT } from 'jose'
import type { ApiClient, Page } from '../../../test/server/apiClient.ts'
import { expectRefused } from '../../../test/server/expectRefused.ts'
import { forgeToken } from '../../../test/server/forgeToken.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'

/**
 * Who asks, in the order of the table's columns. Sessions and runs that are asked for are of `main` and of `owner`.
 * `customer` is the owner too, by a token of the customer's own and the publishable key beside it; in `misled` that is
 * another organization's.
 */
const CALLERS = [
  'nobody',
  'expired',
  'misled',
  'otherTenant',
  'otherUser',
  'widget',
  'owner',
  'customer',
  'secret',
] as const
type Caller = (typeof CALLERS)[number]

interface World {
  server: TestServer
  clients: Record<Caller, ApiClient>
  sessionId: string
  runId: string
  itemId: string
  endUserId: string
  endpointId: string
  deliveryId: string
  memoryId: string
  /** Used up by one request. */
  refreshToken(): Promise<string>
}

type Statuses<Columns extends readonly unknown[]> = { -readonly [Place in keyof Columns]: number }

interface Rule {
  request: (world: World) => [path: string, body?: object] | Promise<[path: string, body?: object]>
  /** In the order of CALLERS. */
  statuses: Statuses<typeof CALLERS>
}

const ofSession = (suffix: string) => (world: World) => [`/v1/sessions/${world.sessionId}${suffix}`] as [string]
const ofRun = (suffix: string) => (world: World) => [`/v1/runs/${world.runId}${suffix}`] as [string]
const OWN: Rule['statuses'] = [401, 401, 401, 404, 404, 403, 200, 200, 200]
const ofServer = (own: number, others = 404): Rule['statuses'] => [401, 401, 401, others, 403, 403, 403, 403, own]
const HOOK = { url: 'https://shop.example/hook', events: ['run.completed'] }
const ofEndpoint = (suffix: string, body?: object) => (world: World) =>
  [`/v1/webhook-endpoints/${world.endpointId}${suffix}`, body] as [string, object?]
const ofDelivery = (suffix: string) => (world: World) =>
  [`/v1/webhook-deliveries/${world.deliveryId}${suffix}`] as [string]

const ofMemory = (body?: object) => (world: World) => [`/v1/memories/${world.memoryId}`, body] as [string, object?]

const ofEndUser = (body?: object) => (world: World) => [`/v1/end-users/${world.endUserId}`, body] as [string, object?]

/** A run of the owner's that an agent app carries out by itself. */
async function ownRunOfApp({ clients: { owner, secret } }: World): Promise<string> {
  const { id } = await owner.createSession({ agent: 'staged' })
  return (await secret.post<Run>(`/v1/sessions/${id}/runs`, {})).body.id
}

/** Each route of the OpenAPI document has its line here; a new one has to get one. */
const RULES: Record<string, Rule> = {
  createAnonymousToken: {
    request: () => ['/v1/auth/anonymous', {}],
    statuses: [401, 401, 401, 403, 403, 201, 403, 403, 403],
  },
  refreshToken: {
    request: async (world) => ['/v1/auth/refresh', { refreshToken: await world.refreshToken() }],
    statuses: [401, 401, 401, 403, 403, 200, 403, 403, 403],
  },
  listAgents: { request: () => ['/v1/agents'], statuses: [401, 401, 401, 200, 200, 200, 200, 200, 200] },
  readAgent: { request: () => ['/v1/agents/ours'], statuses: [401, 401, 401, 404, 200, 200, 200, 200, 200] },
  createSession: {
    request: () => ['/v1/sessions', { agent: 'ours' }],
    statuses: [401, 401, 401, 404, 201, 403, 201, 201, 201],
  },
  listSessions: { request: () => ['/v1/sessions'], statuses: [401, 401, 401, 200, 200, 403, 200, 200, 200] },
  readSession: { request: ofSession(''), statuses: OWN },
  updateSession: { request: (world) => [`/v1/sessions/${world.sessionId}`, { title: 'x' }], statuses: OWN },
  deleteSession: {
    request: async ({ clients: { owner } }) => [`/v1/sessions/${(await owner.createSession({ agent: 'ours' })).id}`],
    statuses: [401, 401, 401, 404, 404, 403, 204, 204, 204],
  },
  sendBatch: {
    request: (world) => ['/v1/messages/batch', { messages: [{ sessionId: world.sessionId, input: 'x' }] }],
    // each message has a status of its own
    statuses: [401, 401, 401, 200, 200, 403, 200, 200, 200],
  },
  giveFeedback: {
    request: (world) => [`/v1/items/${world.itemId}/feedback`, { value: Math.random() }],
    // the customer is the owner, whose second verdict takes the place of his first
    statuses: [401, 401, 401, 404, 404, 403, 201, 200, 201],
  },
  upsertEndUser: {
    request: () => ['/v1/end-users', { externalId: `somebody ${Math.random()}` }],
    statuses: ofServer(201, 201),
  },
  readEndUser: { request: ofEndUser(), statuses: ofServer(200) },
  updateEndUser: { request: ofEndUser({ metadata: {} }), statuses: ofServer(200) },
  createEndUserToken: {
    request: (world) => [`/v1/end-users/${world.endUserId}/tokens`],
    statuses: ofServer(201),
  },
  eraseEndUser: {
    request: async ({ server }) => [`/v1/end-users/${(await server.main.newPerson()).id}`],
    statuses: ofServer(204),
  },
  listMemories: {
    request: (world) => [`/v1/memories?endUserId=${world.endUserId}`],
    statuses: [401, 401, 401, 404, 404, 403, 200, 200, 200],
  },
  listMemoryTopics: {
    request: (world) => [`/v1/memories/topics?endUserId=${world.endUserId}`],
    statuses: [401, 401, 401, 404, 404, 403, 200, 200, 200],
  },
  createMemory: {
    request: (world) => ['/v1/memories', { endUserId: world.endUserId, content: 'x' }],
    statuses: [401, 401, 401, 404, 404, 403, 201, 201, 201],
  },
  readMemory: { request: ofMemory(), statuses: OWN },
  updateMemory: { request: ofMemory({ content: 'x' }), statuses: OWN },
  deleteMemory: {
    async request({ clients: { owner } }) {
      return [`/v1/memories/${(await owner.post<Memory>('/v1/memories', { content: 'x' })).body.id}`]
    },
    statuses: [401, 401, 401, 404, 404, 403, 204, 204, 204],
  },
  listItems: { request: ofSession('/items'), statuses: OWN },
  listRuns: { request: ofSession('/runs'), statuses: OWN },
  sendMessage: {
    request: (world) => [`/v1/sessions/${world.sessionId}/messages`, { input: 'x' }],
    statuses: [401, 401, 401, 404, 404, 403, 202, 202, 202],
  },
  beginSession: {
    request: () => ['/v1/messages', { agent: 'ours', input: 'x' }],
    statuses: [401, 401, 401, 404, 202, 403, 202, 202, 202],
  },
  streamSession: { request: ofSession('/events'), statuses: OWN },
  streamRun: { request: ofRun('/events'), statuses: OWN },
  readRun: { request: ofRun(''), statuses: OWN },
  cancelRun: { request: ofRun('/cancel'), statuses: OWN },
  resumeRun: {
    async request({ clients: { owner } }) {
      const { run } = await owner.ask((await owner.createSession({ agent: 'asking' })).id, 'x')
      const toolResults = [{ callId: 'c1', output: null }]
      return [`/v1/runs/${run.id}/resume`, { pauseId: run.pause!.pauseId, toolResults }]
    },
    statuses: OWN,
  },
  retryRun: {
    async request({ clients: { owner } }) {
      const { run } = await owner.ask((await owner.createSession({ agent: 'ours' })).id, 'x')
      return [`/v1/runs/${run.id}/retry`]
    },
    statuses: [401, 401, 401, 404, 404, 403, 202, 202, 202],
  },
  beginRun: {
    request: async ({ clients: { owner } }) => {
      const { id } = await owner.createSession({ agent: 'staged' })
      return [`/v1/sessions/${id}/runs`, { status: 'completed', items: [{ a: 1 }] }]
    },
    statuses: [401, 401, 401, 404, 403, 403, 403, 403, 201],
  },
  pushRun: {
    request: async (world) => [`/v1/runs/${await ownRunOfApp(world)}`, { items: [{ a: 1 }] }],
    statuses: [401, 401, 401, 404, 403, 403, 403, 403, 200],
  },
  keepRunAlive: {
    request: async (world) => [`/v1/runs/${await ownRunOfApp(world)}/keep-alive`],
    statuses: [401, 401, 401, 404, 403, 403, 403, 403, 200],
  },
  createWebhookEndpoint: { request: () => ['/v1/webhook-endpoints', HOOK], statuses: ofServer(201, 201) },
  listWebhookEndpoints: { request: () => ['/v1/webhook-endpoints'], statuses: ofServer(200, 200) },
  readWebhookEndpoint: { request: ofEndpoint(''), statuses: ofServer(200) },
  changeWebhookEndpoint: { request: ofEndpoint('', { description: 'x' }), statuses: ofServer(200) },
  rotateWebhookSecret: { request: ofEndpoint('/rotate-secret'), statuses: ofServer(200) },
  listDeliveries: { request: ofEndpoint('/deliveries'), statuses: ofServer(200) },
  readDelivery: { request: ofDelivery(''), statuses: ofServer(200) },
  replayDelivery: { request: ofDelivery('/replay'), statuses: ofServer(200) },
  // the last one: nothing is left to ask for
  deleteWebhookEndpoint: { request: ofEndpoint(''), statuses: ofServer(204) },
}

const ISSUER = 'https://shop.example'
const SHARED_SECRET = 'the secret that shop.example and AgentView share'

/** As the customer's own server would sign it. */
function customerToken(externalId: string): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience('agentview')
    .setSubject(externalId)
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SHARED_SECRET))
}

const CODES: Record<number, string> = { 401: 'unauthorized', 403: 'forbidden', 404: 'not_found' }
const STREAMS = new Set(['streamSession', 'streamRun'])

let server: TestServer
let world: World

beforeAll(async () => {
  server = await startTestServer()
  await server.main.publish({ name: 'ours' }, 'echo')
  const otherUser = await server.main.newPerson()
  const auth = { issuer: ISSUER, audience: 'agentview', secret: SHARED_SECRET }
  await setCustomerAuth(server.db, server.main.organizationId, sealAuth(server.secret, auth))
  const own = await server.main.client.post<{ id: string }>('/v1/end-users', { externalId: 'the owner' })
  const { token } = await server.tokens.issue(server.main.organizationId, own.body.id)
  const owner = { id: own.body.id, client: server.client(token) }
  const customersOwn = await customerToken('the owner')
  const hook = { ...HOOK, url: 'http://127.0.0.1:1/' }
  const { id: endpointId } = (await server.main.client.post<{ id: string }>('/v1/webhook-endpoints', hook)).body
  const { id: sessionId } = await owner.client.createSession({ agent: 'ours' })
  const { run, item } = await owner.client.ask(sessionId, 'x')
  const { id: memoryId } = (await owner.client.post<Memory>('/v1/memories', { content: 'likes tea' })).body
  const deliveries = `/v1/webhook-endpoints/${endpointId}/deliveries`
  const deliveryId = (await server.main.client.get<Page<{ id: string }>>(deliveries)).body.data[0]!.id
  const identity = { id: owner.id, organizationId: server.main.organizationId }
  const expired = await forgeToken(server.secret, identity, { expiresIn: -10 })
  world = {
    server,
    sessionId,
    runId: run.id,
    itemId: item.id,
    endUserId: owner.id,
    endpointId,
    deliveryId,
    memoryId,
    clients: {
      nobody: server.client(null),
      expired: server.client(expired),
      misled: server.client(customersOwn, { 'agentview-key': server.other.publishableKey }),
      otherTenant: server.other.client,
      otherUser: otherUser.client,
      widget: server.main.widget,
      owner: owner.client,
      customer: server.client(customersOwn, { 'agentview-key': server.main.publishableKey }),
      secret: server.main.client,
    },
    refreshToken: async () =>
      (await server.main.widget.post<{ refreshToken: string }>('/v1/auth/anonymous')).body.refreshToken,
  }
})

afterAll(() => server?.close())

test('each route of the OpenAPI document has a rule, and there is no rule without a route', () => {
  const documented = server.contract.routes.map((route) => route.operationId)
  expect(Object.keys(RULES).toSorted()).toEqual(documented.toSorted())
})

describe.each(Object.entries(RULES))('%s', (operationId, rule) => {
  test.each(CALLERS.map((caller, index) => [caller, rule.statuses[index]!] as const))(
    'answers %s %d',
    async (caller, status) => {
      const { method } = server.contract.routes.find((route) => route.operationId === operationId)!
      const [path, body] = await rule.request(world)
      const client = world.clients[caller]
      const options = body ? { body } : {}
      if (status >= 400) {
        const code = caller === 'expired' ? 'token_expired' : CODES[status]!
        await expectRefused(server, status, code, () => client.request(method.toUpperCase(), path, options))
      } else if (STREAMS.has(operationId)) {
        const stream = await client.stream(method.toUpperCase(), path, options)
        stream.close()
      } else {
        expect((await client.request(method.toUpperCase(), path, options)).status).toBe(status)
      }
    },
  )
})

test('a list shows another tenant and another end user nothing of what isn’t theirs', async () => {
  for (const caller of ['otherTenant', 'otherUser'] as const) {
    const { body } = await world.clients[caller].get<{ data: { id: string }[] }>('/v1/sessions?limit=200')
    expect(body.data.map((session) => session.id)).not.toContain(world.sessionId)
  }
})
