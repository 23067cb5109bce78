import { randomBytes } from 'node:crypto'
import type { Express } from 'express'
import type { QueryResultRow } from 'pg'
import { pino } from 'pino'
import type { AdminOptions } from '@services/admin/openAdmin'
import { messagesInFront } from '@services/api/messagesInFront'
import { mountApi } from '@services/api/mountApi'
import { mountInterop } from '@services/interop/mountInterop'
import { mountRealtime } from '@services/realtime/mountRealtime'
import { attachSockets } from '@services/realtime/sockets'
import { createBroker } from '@shared/broker/createBroker'
import type { Broker } from '@shared/broker/port'
import { createConnections } from '@shared/delivery/connections'
import { type SessionFeeds, createSessionFeeds } from '@shared/delivery/sessionFeeds'
import type { SessionEvent } from '@shared/domain/events'
import { cors, markForPages } from '@shared/http/cors'
import { mountHealth, newMetrics } from '@shared/http/health'
import { answerErrors, answerNotFound, jsonBody, newApp } from '@shared/http/httpApp'
import { createAuthenticator } from '@shared/intake/authenticate'
import { openDoor } from '@shared/intake/door'
import { customerTokens } from '@shared/intake/customerTokens'
import { createIntake } from '@shared/intake/intakeTools'
import { type EndUserTokens, endUserTokens } from '@shared/intake/endUserTokens'
import { runTokens } from '@shared/intake/runTokens'
import { openCounters } from '@shared/limits/counters'
import { type Limits, createLimits } from '@shared/limits/limits'
import { type LimitSettings, NO_LIMITS } from '@shared/limits/settings'
import { tunables } from '@shared/domain/tunables'
import { createOutboundGuard } from '@shared/outbound/guard'
import { guardedFetch } from '@shared/outbound/guardedFetch'
import { type Database, createPool } from '@shared/store/pool'
import { readEvents } from '@shared/store/readEvents'
import { closeAgentConnections } from '@workers/agent/callAgentApp'
import { leasesOf } from '@shared/domain/leases'
import { startReconciler } from '@workers/jobs/reconciler'
import { startWorker } from '@workers/jobs/worker'
import { listen } from '../../cli/listen.ts'
import { createTestDatabase } from '../database.ts'
import { testRedisPrefix, testRedisUrl } from '../redis.ts'
import { type AgentApps, type Stage, asking, createStage, echo, startAgentApps, steps } from './agentApps.ts'
import { type ApiClient, createApiClient } from './apiClient.ts'
import { type Contract, readContract } from './contract.ts'
import { eventually } from './eventually.ts'
import { type Tenant, createTenant } from './tenant.ts'

export interface TestServer {
  url: string
  secret: string
  db: Database
  broker: Broker
  feeds: SessionFeeds
  limits: Limits
  tokens: EndUserTokens
  contract: Contract
  apps: AgentApps
  /** Failures of ours that were logged; a test that makes one takes it away. */
  faults: string[]
  /** The agent app of the agent `staged` of each tenant. */
  stage: Stage
  main: Tenant
  other: Tenant
  /** One more organization, whose settings nobody has looked up yet. */
  newTenant(): Promise<Tenant>
  client(credential: string | null, headers?: Record<string, string>): ApiClient
  /** A session's log up to now; waits until it is as wanted. */
  logOf(sessionId: string, done: (events: readonly SessionEvent[]) => boolean): Promise<SessionEvent[]>
  rows<Row extends QueryResultRow>(sql: string, ...values: unknown[]): Promise<Row[]>
  /** Ends everything; throws when a request failed for a reason of ours, or a connection stays open. */
  close(): Promise<void>
}

export interface TestServerOptions {
  /** Redis, unless the machine has none. */
  broker?: 'redis' | 'postgres'
  /** What the feeds hear of the broker, e.g. less. */
  wrapBroker?: (broker: Broker) => Broker
  concurrency?: number
  /** Where browsers reach it; its own address, unless said. */
  publicUrl?: string
  /** Where agent apps and webhooks may be beside the public internet: this machine, unless said. */
  allowHosts?: string[]
  /** None, unless said. */
  limits?: Partial<LimitSettings>
  /** Mounts the Admin API, see startAdminServer.ts; gives what closes it. */
  mountAdmin?: (app: Express, process: AdminProcess) => () => Promise<void>
}

/** What the Admin API has in common with the rest of the process. */
export type AdminProcess = Omit<AdminOptions, 'mailer' | 'writeRequest' | 'addressOf' | 'version'>

const ORIGINS = { main: 'https://shop.example', other: 'https://other.example' }

/**
 *   database ─▶ broker ─▶ agent apps, worker, reconciler ─▶ HTTP and sockets ─▶ two organizations with their agents
 * As cli/runProcess.ts composes one process with all roles.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const closing: (() => unknown)[] = []
  const closeAll = async () => {
    for (let step = closing.pop(); step; step = closing.pop()) await step()
  }
  try {
    return await compose(options, closing, closeAll)
  } catch (error) {
    await closeAll().catch(() => undefined)
    throw error
  }
}

async function compose(
  options: TestServerOptions,
  closing: (() => unknown)[],
  closeAll: () => Promise<void>,
): Promise<TestServer> {
  const database = await createTestDatabase()
  closing.push(() => database.drop())
  const faults: string[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void faults.push(line.slice(0, 500)) })
  const secret = randomBytes(32).toString('hex')

  const db = createPool({ url: database.url, name: 'api test', max: 16, onError: () => undefined })
  closing.push(() => db.end())
  const kind = options.broker ?? (process.env.AGENTVIEW_TEST_REDIS_URL ? 'redis' : 'postgres')
  const real = await createBroker({
    databaseUrl: database.url,
    ...(kind === 'redis' && { redisUrl: testRedisUrl() }),
    onError: () => undefined,
  })
  closing.push(() => real.close())
  const broker = options.wrapBroker?.(real) ?? real
  const apps = await startAgentApps()
  closing.push(() => apps.close())
  const stage = createStage()
  for (const [name, app] of Object.entries({ echo, steps, asking, staged: stage.app })) apps.set(name, app)

  const guard = createOutboundGuard(options.allowHosts ?? ['127.0.0.0/8', '::1'])
  const worker = await startWorker({
    db,
    broker: real,
    log,
    concurrency: options.concurrency ?? 8,
    leases: leasesOf(),
    guard,
    secret,
  })
  closing.push(closeAgentConnections, () => worker.drain(0))
  const reconciler = startReconciler({
    db,
    databaseUrl: database.url,
    broker: real,
    log,
    leases: leasesOf(),
    quarantine: { wake: () => undefined },
    worker,
  })
  closing.push(() => reconciler.stop())

  const listening = await listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${listening.port}`
  closing.push(() => listening.close())
  const tokens = endUserTokens(secret)
  const authenticator = createAuthenticator(
    db,
    tokens,
    runTokens(secret),
    customerTokens(secret, guardedFetch(guard, tunables.jwks)),
    broker,
  )
  const redisUrl = kind === 'redis' ? testRedisUrl() : undefined
  const counters = await openCounters({ db, redisUrl, prefix: testRedisPrefix(), onError: () => undefined })
  closing.push(() => counters.close())
  const limits = createLimits({ settings: { ...NO_LIMITS, ...options.limits }, counters, log })
  const door = openDoor(authenticator, limits)
  const feeds = createSessionFeeds({ db, broker, log })
  const connections = createConnections({ db, broker, log })
  const tools = { ...createIntake(db, broker, log), feeds, connections, tokens, door, guard, secret }
  const app = newApp()
  mountHealth(app, { broker: () => broker.fault() }, newMetrics())
  const markForPage = markForPages(db, options.publicUrl ?? url)
  app.use(cors(markForPage))
  mountInterop(app, tools, door)
  app.use(jsonBody())
  mountRealtime(app, tools, door)
  const io = attachSockets(listening.server, tools)
  mountApi(app, tools, door, '0.0.0')
  const admin = { ...tools, authenticator, databaseUrl: database.url, publicUrl: options.publicUrl ?? url }
  const closeAdmin = options.mountAdmin?.(app, admin)
  if (closeAdmin) closing.push(closeAdmin)
  app.use(answerNotFound(), answerErrors(log))
  listening.serve(messagesInFront(tools, door, markForPage, app))
  closing.push(
    () => connections.close(),
    () => feeds.close('shutdown'),
    () => io.disconnectSockets(true),
    () => listening.server.closeAllConnections(),
  )

  const contract = await readContract(url)
  const begun = { url, secret, db, tokens, contract, apps }
  const main = await createTenant(begun, 'main', [ORIGINS.main])
  const other = await createTenant(begun, 'other', [ORIGINS.other])
  return {
    ...begun,
    broker,
    feeds,
    limits,
    faults,
    stage,
    main,
    other,
    newTenant: () => createTenant(begun, 'one more', [ORIGINS.main]),
    client: (credential, headers) => createApiClient(url, contract, credential, headers),
    logOf: (sessionId, done) =>
      eventually(async () => {
        const events = (await readEvents(db, sessionId, 0, 100_000))?.events ?? []
        return done(events) && events
      }),
    rows: async (sql, ...values) => (await db.query(sql, values)).rows,
    async close() {
      await closeAll()
      if (faults.length > 0) throw new Error(`failures of ours were logged:\n${faults.join('\n')}`)
    },
  }
}
