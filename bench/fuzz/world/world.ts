import { setTimeout as sleep } from 'node:timers/promises'
import { type JsonObject, isObject } from '@shared/domain/json'
import type { CredentialName } from '../generate/requests.ts'
import type { Site } from '../run/site.ts'
import { type AsServer, asServer, textIn } from './asServer.ts'
import { Known } from './known.ts'
import { CUSTOMER_SECRET, ORIGIN, type OrganizationKeys, makeOrganization } from './organization.ts'
import { endUserClaims, endUserKey, signToken, unsignedToken } from './tokens.ts'

/** A credential as headers and sockets carry it; `key` is the publishable key beside a customer's own token. */
export interface Credential {
  token: string | null
  key?: string
}

/**
 * One organization in which something of each kind is there: runs that have ended, wait and go on outside, people who are
 * there and gone, what was deleted. Every sequence has a new one, so that it does the same whenever it is played.
 */
export interface World {
  keys: OrganizationKeys
  credentials: Record<CredentialName, Credential>
  known: Known
}

interface Person {
  id: string
  token: string
  refreshToken: string
}

const HOUR_S = 3_600
const TOKEN_POLLS = 200

/** `foreign`: the world of the other tenant, whose ids and credentials this one's sequences try; null: there is none. */
export async function makeWorld(site: Site, foreign: World | null): Promise<World> {
  const keys = await makeOrganization(site.db, site.secret, `${site.agentUrl}/`)
  const server = asServer(site.apiUrl, keys.secretKey)
  const [mine, other, gone] = await Promise.all(
    ['person-a', 'person-b', 'person-gone'].map((id) => newPerson(server, id)),
  )
  if (!mine || !other || !gone) throw new Error('three people were asked for')
  await server.remove(`/v1/end-users/${gone.id}`)
  const known = new Known()
  known.add('hook', `${site.agentUrl}/hook`)
  known.add('token', mine.token, other.token)
  known.add('refresh', mine.refreshToken, other.refreshToken)
  known.add('eu', mine.id, other.id, gone.id)
  const runToken = await furnish(site, server, mine, known)
  const theirs = await server.post('/v1/messages', { agent: 'echo', endUserId: other.id, input: 'of another' }, WAIT)
  known.learn(theirs)
  if (foreign) known.learn(FOREIGN.map((reference) => foreign.known.resolve(reference)))
  const credentials = credentialsOf(site, keys, { mine, other, gone, runToken }, foreign)
  return { keys, credentials, known }
}

const FOREIGN = ['ses', 'run', 'itm', 'eu', 'whe', 'whd'].map((kind) => `@{${kind} 0}`)
const WAIT = { prefer: 'wait=20' }

async function newPerson(server: AsServer, externalId: string): Promise<Person> {
  const id = textIn(await server.post('/v1/end-users', { externalId, metadata: { n: 1 } }), 'id')
  const grant = await server.post(`/v1/end-users/${id}/tokens`)
  return { id, token: textIn(grant, 'token'), refreshToken: textIn(grant, 'refreshToken') }
}

/** Sessions, runs, items, an endpoint and a delivery; gives the token of the run that goes on outside. */
async function furnish(site: Site, server: AsServer, { id: endUserId }: Person, known: Known): Promise<string> {
  const begin = (agent: string, input: object) =>
    server.post('/v1/messages', { agent, endUserId, input, metadata: { color: 'red' } }, WAIT)
  const endpointId = textIn(
    await server.post('/v1/webhook-endpoints', {
      url: `${site.agentUrl}/hook`,
      events: ['run.completed'],
    }),
    'id',
  )
  known.learn(await begin('echo', { content: 'x' }))
  known.learn(await begin('typed', { act: 'pause', content: 'x' }))
  const handedOver = await server.post('/v1/messages', { agent: 'echo', endUserId, input: { act: 'hand-over' } })
  known.learn(handedOver)
  known.add('outside', runOf(handedOver))
  const deleted = textIn(await server.post('/v1/sessions', { agent: 'echo', endUserId }), 'id')
  await server.remove(`/v1/sessions/${deleted}`)
  known.add('ses', deleted)
  known.learn(endpointId)
  known.learn(await server.get(`/v1/webhook-endpoints/${endpointId}/deliveries`))
  return tokenOf(site, runOf(handedOver))
}

function runOf({ run }: JsonObject): string {
  if (!isObject(run)) throw new Error('an acceptance has no run')
  return textIn(run, 'id')
}

/** The agent app has it once its run was called. */
async function tokenOf({ agentUrl }: Site, runId: string): Promise<string> {
  for (let polls = 0; polls < TOKEN_POLLS; polls++) {
    // A connection that was kept may be closed just then.
    const response = await fetch(`${agentUrl}/tokens/${runId}`).catch(() => null)
    if (response?.ok) return response.text()
    await sleep(50)
  }
  throw new Error(`the agent app was not called for ${runId}`)
}

function credentialsOf(
  site: Site,
  { organizationId, secretKey, publishableKey }: OrganizationKeys,
  people: { mine: Person; other: Person; gone: Person; runToken: string },
  foreign: World | null,
): World['credentials'] {
  const { mine, other, gone, runToken } = people
  const expired = signToken(endUserClaims(organizationId, mine.id, -10), endUserKey(site.secret))
  const now = Math.floor(Date.now() / 1_000)
  const customer = { iss: ORIGIN, aud: 'agentview', sub: 'person-a', exp: now + HOUR_S }
  return {
    secret: { token: secretKey },
    publishable: { token: publishableKey },
    person: { token: mine.token },
    otherPerson: { token: other.token },
    customer: { token: signToken(customer, CUSTOMER_SECRET), key: publishableKey },
    run: { token: runToken },
    nobody: { token: null },
    garbage: { token: 'a.b.c' },
    unsigned: { token: unsignedToken(endUserClaims(organizationId, mine.id, HOUR_S)) },
    expired: { token: expired },
    erased: { token: gone.token },
    foreignSecret: foreign?.credentials.secret ?? { token: null },
    foreignPerson: foreign?.credentials.person ?? { token: null },
    foreignPublishable: foreign?.credentials.publishable ?? { token: null },
  }
}
