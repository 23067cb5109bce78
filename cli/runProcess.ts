import type { RequestListener } from 'node:http'
import type { Registry } from 'prom-client'
import type { Logger } from 'pino'
import { migrate } from '@agentview/migrations/migrate'
import { smtpMailer } from '@services/admin/mailer'
import { messagesInFront } from '@services/api/messagesInFront'
import { mountApi } from '@services/api/mountApi'
import { mountInterop } from '@services/interop/mountInterop'
import { mountRealtime } from '@services/realtime/mountRealtime'
import { attachSockets } from '@services/realtime/sockets'
import { createBroker } from '@shared/broker/createBroker'
import type { Broker } from '@shared/broker/port'
import { createConnections } from '@shared/delivery/connections'
import { createSessionFeeds } from '@shared/delivery/sessionFeeds'
import type { AgentDefinition } from '@shared/domain/agents'
import { leasesOf } from '@shared/domain/leases'
import { tunables } from '@shared/domain/tunables'
import { cors, markForPages } from '@shared/http/cors'
import { mountHealth, newMetrics } from '@shared/http/health'
import { answerErrors, answerNotFound, jsonBody, newApp } from '@shared/http/httpApp'
import { createAuthenticator } from '@shared/intake/authenticate'
import { openDoor } from '@shared/intake/door'
import { createIntake } from '@shared/intake/intakeTools'
import { customerTokens } from '@shared/intake/customerTokens'
import { endUserTokens } from '@shared/intake/endUserTokens'
import { runTokens } from '@shared/intake/runTokens'
import { type Limits, createLimits } from '@shared/limits/limits'
import { openCounters } from '@shared/limits/counters'
import { type OutboundGuard, createOutboundGuard } from '@shared/outbound/guard'
import { guardedFetch } from '@shared/outbound/guardedFetch'
import { type Database, createPool } from '@shared/store/pool'
import { findFirstOrganization } from '@shared/store/organizations'
import { closeAgentConnections } from '@workers/agent/callAgentApp'
import { requestBody } from '@workers/agent/requestBody'
import { takeOverLapsed } from '@workers/jobs/chores/lostWorkers'
import { createQuarantine } from '@workers/jobs/quarantine'
import { startReconciler } from '@workers/jobs/reconciler'
import { startWorker } from '@workers/jobs/worker'
import { bootstrap } from './bootstrap.ts'
import type { Credentials } from './credentials.ts'
import { assertMigrated, explained } from './databaseTrouble.ts'
import { mountDemo } from './demo.ts'
import { startEmbeddedPostgres } from './embedded/postgres.ts'
import { type RunningExamples, startExamples } from './examples.ts'
import { type Listening, listen } from './listen.ts'
import { createLog } from './log.ts'
import { type SealedConfig, configuredPart, publish } from './publishConfig.ts'
import { forkQuarantine } from './quarantine.ts'
import { gaugeQueue } from './queueGauges.ts'
import { type Settings, SettingsError, resolveSecret } from './settings.ts'
import { type Stopping, createStopping } from './stopping.ts'
import { mountStudio } from './studio.ts'

export type Role = 'api' | 'realtime' | 'admin' | 'worker'

export interface RunOptions {
  settings: Settings
  roles: readonly Role[]
  /** Also run the example agent apps and publish them. */
  examples: boolean
  version: string
  /** For people, in embedded mode: what happens while they wait. */
  onNotice: (line: string) => void
}

export interface RunningProcess {
  port: number
  /** Known where the first organization was made or its credentials are kept. */
  credentials: Credentials | null
  agents: string[]
  stop(): Promise<void>
}

interface Begun {
  options: RunOptions
  stopping: Stopping
  log: Logger
  listening: Listening
  databaseUrl: string
  secret: string
  db: Database
  broker: Broker
  limits: Limits
  metrics: Registry
  guard: OutboundGuard
}

/**
 *   port ─▶ Postgres (embedded or yours) ─▶ migrate, bootstrap, publish ─▶ broker ─▶ worker ─▶ HTTP, sockets
 * Starts the roles of one process; stops them in reverse, also when the start fails.
 */
export async function runProcess(options: RunOptions): Promise<RunningProcess> {
  const { settings, roles } = options
  const stopping = createStopping(options.onNotice)
  try {
    const begun = await begin(options, stopping)
    const { credentials, agents } = await prepare(begun)
    if (roles.includes('worker')) await beginWorker(begun)
    await serve(begun, credentials)
    return { port: begun.listening.port, credentials, agents, stop: () => stopping.stopAll() }
  } catch (error) {
    await stopping.stopAll()
    throw explained(error, settings)
  }
}

async function begin(options: RunOptions, stopping: Stopping): Promise<Begun> {
  const { settings, roles } = options
  const log = createLog(settings.logLevel, roles.join('+'))
  const listening = await listen(settings.port, settings.host)
  stopping.add('The HTTP server', 2_000, () => listening.close())
  const databaseUrl = await postgres(options, stopping)
  const secret = await resolveSecret(settings)
  if (settings.autoMigrate) await migrate(databaseUrl)
  const db = openDatabase(databaseUrl, options, stopping, log)
  await assertMigrated(db)
  const broker = await connectBroker(settings, databaseUrl, log)
  stopping.add('The broker', 3_000, () => broker.close())
  const limits = await openLimits(options, db, stopping, log)
  // Readers are cut and nothing new is taken by then; what was accepted is still answered.
  stopping.add('The requests under way', 5_000, () => listening.settled())
  const guard = createOutboundGuard(settings.allowHosts)
  return { options, stopping, log, listening, databaseUrl, secret, db, broker, limits, metrics: newMetrics(), guard }
}

async function postgres({ settings, onNotice }: RunOptions, stopping: Stopping): Promise<string> {
  if (settings.databaseUrl !== null) return settings.databaseUrl
  const embedded = await startEmbeddedPostgres({ folder: settings.dataFolder, onNotice })
  stopping.add('The embedded Postgres', 4_000, () => embedded.stop())
  return embedded.url
}

function openDatabase(url: string, { settings, roles }: RunOptions, stopping: Stopping, log: Logger): Database {
  let ending = false
  const db = createPool({
    url,
    name: `agentview ${roles.join('+')}`,
    max: settings.pool,
    onError: (error) => ending || log.warn({ err: error }, 'a connection to Postgres broke'),
  })
  stopping.add('The connections to Postgres', 2_000, () => {
    // Their end may cross with that of Postgres itself.
    ending = true
    return db.end()
  })
  return db
}

/** What a broker says about a backend that does not answer is for people already. */
function connectBroker({ redisUrl }: Settings, databaseUrl: string, log: Logger): Promise<Broker> {
  const onError = (error: Error, where: string) => log.warn({ err: error, where }, 'the broker has trouble')
  return createBroker({ databaseUrl, ...(redisUrl !== null && { redisUrl }), onError }).catch((error: Error) => {
    throw new SettingsError(error.message)
  })
}

/** Only what serves clients has limits. */
async function openLimits({ settings, roles }: RunOptions, db: Database, stopping: Stopping, log: Logger) {
  const serving = roles.includes('api') || roles.includes('realtime')
  const { limits, redisUrl } = settings
  if (!serving || Object.values(limits.rates).every((rate) => rate === 0))
    return createLimits({ settings: limits, counters: null, log })
  const onError = (error: Error, where: string) => log.warn({ err: error, where }, 'requests are counted here only')
  const counters = await openCounters({ db, ...(redisUrl !== null && { redisUrl }), onError }).catch((error: Error) => {
    throw new SettingsError(error.message)
  })
  stopping.add('The rate limits', 1_000, () => counters.close())
  return createLimits({ settings: limits, counters, log })
}

/** The first organization, and the agents of config and examples. */
async function prepare(begun: Begun): Promise<{ credentials: Credentials | null; agents: string[] }> {
  const { options, db, stopping, listening } = begun
  const { settings } = options
  const embedded = settings.databaseUrl === null
  const first = settings.autoMigrate
    ? await bootstrap({
        ...begun,
        dataFolder: settings.dataFolder,
        url: `http://localhost:${listening.port}`,
        publicUrl: publicUrlOf(begun),
        allowLocalOrigins: embedded,
        newKeys: embedded,
      })
    : { organizationId: (await findFirstOrganization(db))?.id ?? null, credentials: null }
  const examples = options.examples ? await startExamples(settings.dataFolder) : null
  if (examples) stopping.add('The example agents', 1_000, () => examples.stop())
  const configured = options.roles.includes('api') ? await configuredPart(settings, begun.secret) : null
  const agents = agentsOf(configured, examples)
  const publication = { agents, ...(configured && { auth: configured.auth }) }
  const hasNews = agents.length > 0 || configured !== null
  if (hasNews && first.organizationId === null) {
    throw new SettingsError('There is no organization yet: run "agentview bootstrap", or set AGENTVIEW_AUTO_MIGRATE=1.')
  }
  if (hasNews) {
    await publish(db, first.organizationId!, publication, embedded ? 'develop' : 'start', begun.guard)
  }
  return { credentials: first.credentials, agents: agents.map(({ name }) => name) }
}

/** An agent of the config takes the place of an example of its name. */
function agentsOf(configured: SealedConfig | null, examples: RunningExamples | null): AgentDefinition[] {
  const own = configured?.agents ?? []
  const shown = examples?.agents.filter(({ name }) => own.every((agent) => agent.name !== name)) ?? []
  return [...shown, ...own]
}

async function beginWorker(begun: Begun): Promise<void> {
  const { options, stopping, log, db, broker, databaseUrl, secret, guard, metrics } = begun
  const { settings } = options
  gaugeQueue(metrics, db)
  // Whoever owns the data folder is alone: every worker that the database knows of is dead.
  if (settings.databaseUrl === null) await takeOverLapsed({ db, broker, log }, 'all')
  const leases = leasesOf(settings.leaseMs)
  const worker = await startWorker({ db, broker, log, concurrency: settings.concurrency, leases, guard, secret })
  const quarantine = createQuarantine({ db, log, spawn: () => forkQuarantine(settings, databaseUrl, secret) })
  const { eventRetentionMs } = settings
  const reconciler = startReconciler({ db, databaseUrl, broker, log, leases, quarantine, worker, eventRetentionMs })
  stopping.add('The connections to agent apps', 1_000, () => closeAgentConnections())
  stopping.add('The quarantine', 3_000, () => quarantine.stop())
  stopping.add('The reconciler', 2_000, () => reconciler.stop())
  stopping.add('The worker', settings.drainMs + 8_000, () => worker.drain(settings.drainMs))
}

/** Where browsers reach this installation. */
function publicUrlOf({ options, listening }: Pick<Begun, 'options' | 'listening'>): string {
  return options.settings.publicUrl ?? `http://localhost:${listening.port}`
}

async function serve(
  { options, stopping, log, listening, databaseUrl, db, broker, secret, limits, metrics, guard }: Begun,
  credentials: Credentials | null,
): Promise<void> {
  const { roles, version } = options
  const app = newApp()
  let listener: RequestListener = app
  let stopped = false
  mountHealth(
    app,
    {
      process: () => (stopped ? 'stopping' : null),
      postgres: async () => (await db.query('select 1'), null),
      broker: () => broker.fault(),
    },
    metrics,
  )
  const serving = roles.some((role) => role !== 'worker')
  if (serving) {
    const tokens = endUserTokens(secret)
    const authenticator = createAuthenticator(
      db,
      tokens,
      runTokens(secret),
      customerTokens(secret, guardedFetch(guard, tunables.jwks)),
      broker,
    )
    const door = openDoor(authenticator, limits)
    const feeds = createSessionFeeds({ db, broker, log })
    const connections = createConnections({ db, broker, log })
    const tools = { ...createIntake(db, broker, log), feeds, connections, tokens, door, guard, secret }
    if (roles.includes('api') && credentials) mountDemo(app, credentials.publishableKey, db, credentials.organizationId)
    if (roles.includes('admin')) mountStudio(app)
    const markForPage = markForPages(db, publicUrlOf({ options, listening }))
    app.use(cors(markForPage))
    if (roles.includes('api')) mountInterop(app, tools, door)
    app.use(jsonBody())
    if (roles.includes('realtime')) {
      mountRealtime(app, tools, door)
      const io = attachSockets(listening.server, tools)
      stopping.add('The sockets', 1_000, () => io.disconnectSockets(true))
    }
    if (roles.includes('api')) {
      mountApi(app, tools, door, version)
      listener = messagesInFront(tools, door, markForPage, app)
    }
    if (roles.includes('admin')) {
      // The library that logs people in takes longer to load than all the rest of a process.
      const { openAdmin } = await import('@services/admin/openAdmin')
      const closeAdmin = openAdmin(app, {
        ...tools,
        authenticator,
        databaseUrl,
        version,
        mailer: options.settings.mail && smtpMailer(options.settings.mail.url, options.settings.mail.from),
        writeRequest: requestBody,
        addressOf: (request) => limits.addressOf(request),
        publicUrl: publicUrlOf({ options, listening }),
      })
      stopping.add('The reads of the Admin API', 2_000, closeAdmin)
    }
    stopping.add('The readers', 1_000, () => {
      connections.close()
      feeds.close('shutdown')
    })
  }
  stopping.add('Readiness', 100, () => {
    stopped = true
    listening.refuse()
  })
  app.use(answerNotFound(), answerErrors(log))
  listening.serve(listener)
}
