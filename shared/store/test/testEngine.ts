import { tunables } from '@shared/domain/tunables'
import type { AgentDefinition } from '@shared/domain/agents'
import { DEFAULT_POLICY } from '@shared/domain/agents'
import type { SessionEvent } from '@shared/domain/events'
import { newId, uuidOf } from '@shared/domain/ids'
import type { Item, ItemKind, Run, RunError } from '@shared/domain/objects'
import type { QueryResultRow } from 'pg'
import { createTestDatabase } from '../../../test/database.ts'
import { type AcceptOutcome, type NewMessage, type NewSession, acceptMessage, createSession } from '../acceptMessage.ts'
import { type PlainMessage, createAccepting } from '../acceptTogether.ts'
import { findAgentByName } from '../agents.ts'
import { createAnonymousEndUser } from '../endUsers.ts'
import { insertOrganization } from '../organizations.ts'
import { publishAgents } from '../publishAgents.ts'
import { type Database, createPool } from '../pool.ts'
import { readEvents } from '../readEvents.ts'
import { findRun } from '../runs.ts'
import { type ClaimedRun, claimRuns } from '../claimRuns.ts'
import { type EndOutcome, type Hold, type Requeue, type RunEnd, appendEvents, requeueRun } from '../runTransitions.ts'
import { endRuns, sealEnd } from '../endRuns.ts'
import type { NewEvent } from '../storeEvents.ts'
import { registerWorker } from '../workers.ts'

export const DEFINITION: AgentDefinition = {
  name: 'eliza',
  url: 'http://127.0.0.1:4100/eliza',
  version: '1.0.0',
  protocol: 'agentview',
  policy: DEFAULT_POLICY,
  runs: [{ type: 'chat' }],
}

export type Accepted = Extract<AcceptOutcome, { outcome: 'accepted' }>

/** A database with an organization, an agent and an end user, and the engine's verbs as tests say them. */
export interface TestEngine {
  db: Database
  organizationId: string
  newSession(): Promise<string>
  sessionWith(sessionId?: string): NewSession
  message(sessionId: string, more?: Partial<NewMessage>): NewMessage
  /** The same as one that may be accepted together with others, its version chosen by what is so now. */
  plain(sessionId: string, more?: Partial<NewMessage>): Promise<PlainMessage>
  /** As intake does it: together with others when it is a plain one, else alone. */
  accept(message: NewMessage): Promise<AcceptOutcome>
  /** Sends a message that must be accepted. */
  say(sessionId: string, more?: Partial<NewMessage>): Promise<Accepted>
  newWorker(kind?: 'ordinary' | 'quarantine'): Promise<string>
  claim(workerId: string, limit?: number, hints?: string[]): Promise<ClaimedRun[]>
  /** Claims the run that is due and is expected to be this one. */
  take(runId: string, workerId?: string): Promise<ClaimedRun>
  run(runId: string): Promise<Run>
  /** The whole log. */
  log(sessionId: string): Promise<SessionEvent[]>
  rows<Row extends QueryResultRow>(sql: string, ...values: unknown[]): Promise<Row[]>
  /** Until so many statements of this database wait for a lock. */
  untilSomebodyWaits(count?: number): Promise<void>
  /** Forgets all sessions and workers, for tests that look at everything that is due. */
  clear(): Promise<void>
  close(): Promise<void>
}

export async function startTestEngine(): Promise<TestEngine> {
  const database = await createTestDatabase()
  // A test holds a transaction open until others wait for it, and on a busy machine that takes its time.
  const url = new URL(database.url)
  url.searchParams.set('idle_in_transaction_session_timeout', '0')
  const db = createPool({ url: url.href, name: 'store test', max: 24, onError: () => undefined })
  const organizationId = newId('organization')
  const settings = { allowedOrigins: [], allowLocalOrigins: true }
  await insertOrganization(db, { id: organizationId, name: 'Test', settings, agentSigningSecret: 'sealed' })
  await publishAgents(db, organizationId, { agents: [DEFINITION] }, 'push')
  const agent = (await findAgentByName(db, organizationId, DEFINITION.name))!
  const endUser = await createAnonymousEndUser(db, organizationId, {})
  const accepting = createAccepting(db)

  const engine: TestEngine = {
    db,
    organizationId,
    async newSession() {
      const session = engine.sessionWith()
      await createSession(db, session)
      return session.id
    },
    sessionWith(sessionId = newId('session')) {
      const owner = { organizationId, agentId: agent.agentId, endUserId: endUser.id, anonymous: false }
      return { id: sessionId, ...owner, space: 'production', title: null, metadata: {} }
    },
    message(sessionId, more = {}) {
      const ids = { organizationId, sessionId, runId: newId('run'), itemId: newId('item') }
      const input = { type: 'message', role: 'user', content: 'hello' }
      const version = { agentVersionId: agent.id, version: agent.version }
      return { ...ids, runType: 'chat', input, metadata: {}, onBusy: 'enqueue', priority: 0, ...version, ...more }
    },
    async plain(sessionId, more) {
      const sessions = 'select version from sessions where id = $1'
      const [session] = await engine.rows<{ version: string | null }>(sessions, bare(sessionId))
      const basis = { sessionVersion: session?.version ?? null, activeVersionId: agent.id }
      return { ...engine.message(sessionId, more), ...basis }
    },
    async accept(message) {
      const taken = message.newSession ? null : await accepting.take(await engine.plain(message.sessionId, message))
      return taken ?? acceptMessage(db, message)
    },
    async say(sessionId, more) {
      const outcome = await engine.accept(engine.message(sessionId, more))
      if (outcome.outcome !== 'accepted') throw new Error(`the message was not accepted: ${outcome.outcome}`)
      return outcome
    },
    async newWorker(kind = 'ordinary') {
      const id = newId('worker')
      await registerWorker(
        db,
        { id, host: 'here', pid: 1, concurrency: 10, quarantine: kind === 'quarantine' },
        tunables.lease,
      )
      return id
    },
    claim: (workerId, limit = 1, hints = []) => claimRuns(db, workerId, hints, limit),
    async take(runId, workerId) {
      const [claimed, ...others] = await engine.claim(workerId ?? (await engine.newWorker()), 1, [runId])
      if (claimed?.run.id !== runId || others.length > 0) throw new Error(`${runId} could not be claimed`)
      return claimed
    },
    async run(runId) {
      return (await findRun(db, { organizationId, endUserId: null }, runId))!
    },
    async log(sessionId) {
      return (await readEvents(db, sessionId, 0, 100_000))!.events
    },
    rows: async (sql, ...values) => (await db.query(sql, values)).rows,
    async untilSomebodyWaits(count = 1) {
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      while ((await db.query(waiting)).rows.length < count);
    },
    async clear() {
      await db.query('truncate sessions, session_heads, attempts, session_events, session_deltas, workers cascade')
    },
    async close() {
      await db.end()
      await database.drop()
    },
  }
  return engine
}

export const bare = (id: string): string => {
  for (const kind of ['organization', 'session', 'run', 'item', 'worker'] as const) {
    const uuid = uuidOf(kind, id)
    if (uuid) return uuid
  }
  throw new Error(`not an id: ${id}`)
}

export function holdOf({ run, session }: ClaimedRun): Hold {
  return { sessionId: session.id, runId: run.id, epoch: run.epoch, attempt: run.attempt }
}

/** An item of a claimed run. */
export function itemOf(
  claimed: ClaimedRun,
  itemNo: number,
  status: Item['status'],
  kind: ItemKind = 'step',
  content = '',
): Item {
  const { run, session } = claimed
  const place = { sessionId: session.id, runId: run.id, runNo: run.runNo, itemNo }
  return { id: newId('item'), ...place, kind, status, data: { content }, createdAt: new Date().toISOString() }
}

export const created = (item: Item): NewEvent => ({ type: 'item.created', data: { item } })
export const completed = (item: Item): NewEvent => ({ type: 'item.completed', data: { item } })
export const grown = (item: Item, value: string): NewEvent => ({
  type: 'item.delta',
  data: { itemId: item.id, patch: [{ op: 'append', path: '/content', value }] },
})

/** Appends to one run's log; empty when it was fenced or busy. */
export async function append(db: Database, hold: Hold, ...events: NewEvent[]): Promise<SessionEvent[]> {
  return (await appendEvents(db, [{ ...hold, events }])).get(hold.runId) ?? []
}

export const ERROR: RunError = { code: 'agent_error', message: 'no' }

/** Gives a run back to the queue; null when that was fenced. */
export function requeue(
  db: Database,
  hold: Hold,
  reason: Requeue['reason'],
  delayMs = 0,
): Promise<SessionEvent[] | null> {
  const { sessionId, runId, epoch } = hold
  return requeueRun(db, { sessionId, runId, epoch, delayMs, error: ERROR, reason })
}

/** Ends a claimed run by its worker, with one output item unless said otherwise. */
export async function finish(
  db: Database,
  claimed: ClaimedRun,
  more: Partial<Omit<RunEnd, 'right'>> = {},
): Promise<EndOutcome> {
  const output = itemOf(claimed, claimed.run.nextItemNo, 'complete', 'output', 'bye')
  const { sessionId, runId, epoch } = holdOf(claimed)
  const made = { items: [output], events: [created(output)] }
  const [outcome] = await endRuns(db, [
    sealEnd({
      sessionId,
      runId,
      status: 'completed',
      ...made,
      attempt: { outcome: 'completed' },
      ...more,
      right: { epoch },
    }),
  ])
  return outcome!
}

/** The text of a message item, '' when it has none. */
export const textOf = ({ data: { content } }: Item): string => (typeof content === 'string' ? content : '')

export const typesOf = (events: readonly SessionEvent[]): string[] => events.map((event) => event.type)
