import { expect } from '@jest/globals'
import { type Logger, pino } from 'pino'
import { createBroker } from '@shared/broker/createBroker'
import type { Broker } from '@shared/broker/port'
import { sayCommitted } from '@shared/broker/sayCommitted'
import type { AgentDefinition, AgentPolicy } from '@shared/domain/agents'
import { DEFAULT_POLICY } from '@shared/domain/agents'
import type { EventType, SessionEvent } from '@shared/domain/events'
import { foldSession } from '@shared/domain/foldSession'
import { type Leases, leasesOf } from '@shared/domain/leases'
import type { Item, Run } from '@shared/domain/objects'
import { isEnded } from '@shared/domain/runStates'
import { tunables } from '@shared/domain/tunables'
import type { NewMessage } from '@shared/store/acceptMessage'
import { findAgentByName } from '@shared/store/agents'
import { publishAgents } from '@shared/store/publishAgents'
import { forceEndRun } from '@shared/store/forceEndRun'
import { type Database, createPool } from '@shared/store/pool'
import { readSnapshot } from '@shared/store/readSnapshot'
import { seal } from '@shared/store/sealedSecrets'
import { listItems } from '@shared/store/sessions'
import { type OutboundGuard, createOutboundGuard } from '@shared/outbound/guard'
import { closeAgentConnections } from '@workers/agent/callAgentApp'
import { expectSound } from '../../../shared/store/test/invariants.ts'
import { type Accepted, type TestEngine, startTestEngine } from '../../../shared/store/test/testEngine.ts'
import { testRedisUrl } from '../../../test/redis.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type Reconciler, type ReconcilerOptions, startReconciler } from '../reconciler.ts'
import { type Worker, startWorker } from '../worker.ts'
import { type AgentApp, startAgentApp } from './agentApp.ts'

export const SECRET = 'a secret of thirty-two characters!'
export const SIGNING_KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** Retries at once, so that tests wait for nothing but what they are about. */
export const POLICY: AgentPolicy = {
  ...DEFAULT_POLICY,
  retries: { max: 2, backoffMs: 1, factor: 1, maxBackoffMs: 1, jitter: 0 },
}

/** A database, a broker, an agent app, and what tests say to them. Workers and reconcilers are started by each test. */
export interface World {
  engine: TestEngine
  db: Database
  app: AgentApp
  broker: Broker
  databaseUrl: string
  leases: Leases
  guard: OutboundGuard
  /** What workers log at level error: failures of ours. */
  faults: string[]
  log: Logger
  startWorker(concurrency?: number): Promise<Worker>
  startReconciler(more?: Partial<ReconcilerOptions>): Reconciler
  /** Publishes another agent at the same app; messages go to the agent that was published last. */
  publish(more: Partial<AgentDefinition>): Promise<void>
  /** Accepts a message of which nobody is told. */
  accept(sessionId: string, content?: string, more?: Partial<NewMessage>): Promise<Accepted>
  /** Sends a message and rings, as intake does. */
  say(sessionId: string, content?: string, more?: Partial<NewMessage>): Promise<string>
  cancel(sessionId: string, runId: string): Promise<void>
  /** The run once it has ended. */
  ended(runId: string): Promise<Run>
  /** A session's first event of a type, once it is there. */
  logged<Type extends EventType>(sessionId: string, type: Type): Promise<Extract<SessionEvent, { type: Type }>>
  /** The agent app's calls, once there are so many. */
  called(count: number): Promise<AgentApp['calls'][number]>
  /** What a session's items say, once it is so; e.g. what was streamed up to now. */
  shown(sessionId: string, ...contents: string[]): Promise<readonly Item[]>
  /** Checks what must always be true of a session, and returns its items as rows, its log and its fold. */
  settled(sessionId: string): Promise<{ items: Item[]; log: SessionEvent[]; contents: unknown[] }>
  /** Ends what a test has started. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** Short enough to be waited for, long enough for a busy machine. */
export const SHORT_LEASE = 6_000

/** `lease`: of its workers, when a test is about leases. */
export async function startWorld(kind: Broker['kind'], lease: number = tunables.lease): Promise<World> {
  const leases = leasesOf(lease)
  const engine = await startTestEngine()
  const databaseUrl = String(engine.db.options.connectionString)
  await engine.rows('update organizations set agent_signing_secret = $1', seal(SECRET, SIGNING_KEY))
  const faults: string[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void faults.push(line.slice(0, 1_000)) })
  const redis = kind === 'redis' ? { redisUrl: testRedisUrl() } : {}
  const broker = await createBroker({ databaseUrl, ...redis, onError: () => undefined })
  const app = await startAgentApp()
  const { onCall } = app
  let version = { agentVersionId: '', version: '' }
  const ending: (() => Promise<unknown>)[] = []

  const guard = createOutboundGuard(['127.0.0.0/8'])

  const world: World = {
    engine,
    db: engine.db,
    app,
    broker,
    databaseUrl,
    leases,
    guard,
    faults,
    log,
    async startWorker(concurrency = 8) {
      const db = createPool({ url: databaseUrl, name: 'test worker', max: 6, onError: () => undefined })
      const worker = await startWorker({ db, broker, log, concurrency, leases, guard, secret: SECRET })
      ending.push(async () => {
        await worker.drain(0)
        await db.end()
      })
      return worker
    },
    startReconciler(more = {}) {
      const reconciler = startReconciler({
        db: engine.db,
        databaseUrl,
        broker,
        log,
        leases,
        quarantine: { wake: () => undefined },
        worker: { wake: () => undefined },
        ...more,
      })
      ending.push(() => reconciler.stop())
      return reconciler
    },
    async publish(more) {
      const name = `agent-${Math.random().toString(36).slice(2)}`
      const definition: AgentDefinition = {
        name,
        url: app.url,
        version: '1.0.0',
        protocol: 'agentview',
        policy: POLICY,
        runs: [{ type: 'chat' }],
        ...more,
      }
      await publishAgents(engine.db, engine.organizationId, { agents: [definition] }, 'push')
      const published = (await findAgentByName(engine.db, engine.organizationId, name))!
      version = { agentVersionId: published.id, version: published.version }
    },
    accept(sessionId, content = 'hello', more = {}) {
      const input = { type: 'message', role: 'user', content }
      return engine.say(sessionId, { input, ...version, ...more })
    },
    async say(sessionId, content, more) {
      const accepted = await world.accept(sessionId, content, more)
      sayCommitted(broker, log, accepted.events, accepted.ringAfterMs === 0 ? [accepted.runId] : [])
      return accepted.runId
    },
    async cancel(sessionId, runId) {
      const ended = await forceEndRun(engine.db, { sessionId, runId, status: 'cancelled' })
      if (ended.outcome !== 'ended') return
      sayCommitted(broker, log, ended.events, ended.nextRunId ? [ended.nextRunId] : [])
      // Late on a busy machine it still comes.
      await broker.publishAborts([runId]).catch(() => undefined)
    },
    ended: (runId) =>
      eventually(async () => {
        const run = await engine.run(runId)
        return isEnded(run.status) && run
      }),
    async logged<Type extends EventType>(sessionId: string, type: Type) {
      const found = await eventually(async () => (await engine.log(sessionId)).find((event) => event.type === type))
      return found as Extract<SessionEvent, { type: Type }>
    },
    called: (count) => eventually(() => app.calls[count - 1]),
    shown: (sessionId, ...contents) =>
      eventually(async () => {
        const { items } = foldSession(await engine.log(sessionId))
        return JSON.stringify(items.map(contentOf)) === JSON.stringify(contents) && items
      }),
    settled: (sessionId) => settled(engine, sessionId),
    async clear() {
      await Promise.all(ending.splice(0).map((end) => end()))
      await eventually(() => app.open() === 0)
      app.calls.length = 0
      app.onCall = onCall
      expect(faults.splice(0)).toEqual([])
    },
    async close() {
      await world.clear()
      await broker.close()
      await app.close()
      await closeAgentConnections()
      await engine.close()
    },
  }
  await world.publish({})
  return world
}

const contentOf = ({ data }: Item) => data['content'] ?? null

/** I2–I5 on a session: its books, its log, and that readers' fold of the log is what the database says. */
async function settled(engine: TestEngine, sessionId: string) {
  await expectSound(engine, sessionId)
  const log = await engine.log(sessionId)
  const items = await listItems(engine.db, sessionId, null, { limit: 200, order: 'asc' })
  const view = foldSession(log)
  expect(view.items).toEqual(items)
  const snapshot = await readSnapshot(engine.db, sessionId)
  expect(snapshot!.items).toEqual(items)
  expect(view.runs.map(({ queuePosition: _position, ...run }) => run)).toEqual(snapshot!.runs)
  return { items, log, contents: items.map(contentOf) }
}
