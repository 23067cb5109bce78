import pg from 'pg'
import type { Logger } from 'pino'
import type { Broker } from '@shared/broker/port'
import { tunables } from '@shared/domain/tunables'
import { isRefusedStatement } from '@shared/store/connectionTrouble'
import { ensureDeltaPartitions, findOverdueRuns, findUnclaimedRuns, forgetIdempotencyKeys } from '@shared/store/dueRuns'
import { forceEndRun } from '@shared/store/forceEndRun'
import type { Database } from '@shared/store/pool'
import { requeueRun } from '@shared/store/runTransitions'
import { findOrphanedRuns, forgetWorkers, markLapsedWorkers, readUptime } from '@shared/store/workers'
import { sayCommitted } from '@shared/broker/sayCommitted'

/**
 * Finds what fell between: lost bells, runs of lost workers, runs past their deadline. One process at a time does it,
 * whoever holds the advisory lock; each finding goes through the ordinary guarded transitions, so that two at once would
 * only waste a look.
 */
export interface Reconciler {
  stop(): Promise<void>
}

export interface ReconcilerOptions {
  db: Database
  databaseUrl: string
  broker: Broker
  log: Logger
}

/** Any constant of our own: the right to reconcile this database. */
const RECONCILER_LOCK = 4_172_690_144
const HOUSEKEEPING = 60_000
const BATCH = 500

export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { databaseUrl, log } = options
  const state: ReconcilerState = {
    connection: null,
    leads: false,
    reachableSince: Number.NEGATIVE_INFINITY,
    rungAt: new Map(),
    housekeptAt: Number.NEGATIVE_INFINITY,
  }
  let round: Promise<void> | null = null

  async function look(): Promise<void> {
    try {
      if (state.connection === null) state.leads = false
      state.leads ||= await takeLock((state.connection ??= await connect(databaseUrl, (lost) => forget(state, lost))))
      state.reachableSince ??= performance.now()
      if (state.leads) await reconcileOnce(options, state, state.reachableSince)
    } catch (error) {
      state.reachableSince = null
      log.warn({ err: error }, 'the reconciler could not look')
    }
  }

  const timer = setInterval(() => {
    round ??= look().finally(() => (round = null))
  }, tunables.reconcile)

  return {
    async stop() {
      clearInterval(timer)
      await round
      await state.connection?.end().catch(() => undefined)
    },
  }
}

interface ReconcilerState {
  /** Of its own, so that the lock is held as long as it lives. */
  connection: pg.Client | null
  /** It holds the lock. */
  leads: boolean
  /** Since when Postgres has answered us without a break; null while it doesn't. A new process has met no break yet. */
  reachableSince: number | null
  /** When each unclaimed run was last rung. */
  rungAt: Map<string, number>
  housekeptAt: number
}

function forget(state: ReconcilerState, lost: pg.Client): void {
  if (state.connection === lost) state.connection = null
}

async function connect(url: string, onLost: (client: pg.Client) => void): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'agentview reconciler',
    connectionTimeoutMillis: tunables.postgresConnect,
    query_timeout: tunables.postgresConnect,
    keepAlive: true,
  })
  client.on('error', () => onLost(client))
  client.on('end', () => onLost(client))
  await client.connect()
  return client
}

/** False when another process has it. A connection that does not answer is given up. */
async function takeLock(client: pg.Client): Promise<boolean> {
  try {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
      RECONCILER_LOCK,
    ])
    return rows[0]!.locked
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
}

async function reconcileOnce(options: ReconcilerOptions, state: ReconcilerState, reachableSince: number) {
  const now = performance.now()
  // While Postgres was away, from us or from all, nobody could renew: everybody gets one lease's time before anybody is
  // taken for dead. Our own age says nothing: where processes are restarted often, nobody would ever be old enough.
  const couldRenew = now - reachableSince > tunables.lease && (await readUptime(options.db)) > tunables.lease
  if (couldRenew) await markLapsed(options, 'expired')
  await giveBackOrphans(options)
  await endOverdue(options)
  await ringAgain(options, state, now)
  if (now - state.housekeptAt > HOUSEKEEPING) {
    state.housekeptAt = now
    await ensureDeltaPartitions(options.db, 3)
    await forgetIdempotencyKeys(options.db, tunables.idempotency)
    await forgetWorkers(options.db)
  }
}

type LapseOptions = Omit<ReconcilerOptions, 'databaseUrl'>

/** Gives the runs of lapsed workers to others. `all`: of every worker, when none can be alive (embedded start). */
export async function takeOverLapsed(options: LapseOptions, scope: 'expired' | 'all'): Promise<void> {
  await markLapsed(options, scope)
  await giveBackOrphans(options)
}

async function markLapsed({ db, log }: LapseOptions, scope: 'expired' | 'all'): Promise<void> {
  const lapsed = await markLapsedWorkers(db, scope)
  if (lapsed > 0) log.warn({ workers: lapsed }, 'workers were lost, their runs are given to others')
}

async function giveBackOrphans({ db, broker, log }: LapseOptions): Promise<void> {
  const error = { code: 'worker_lost', message: 'The worker that carried out this run was lost.' }
  for (let more = true; more;) {
    const orphans = await findOrphanedRuns(db, BATCH)
    more = false
    for (const orphan of orphans) {
      const attempt = { outcome: 'lapsed' as const, error }
      const requeue = { ...orphan, delayMs: 0, error, reason: 'lapsed' as const, attempt }
      const events = await unlessRefused(log, orphan.runId, () => requeueRun(db, requeue))
      if (!events) continue
      // A full batch of which something could be given back: the next one holds others.
      more = orphans.length === BATCH
      sayCommitted(broker, log, events, [orphan.runId])
    }
  }
}

async function endOverdue({ db, broker, log }: ReconcilerOptions): Promise<void> {
  const error = {
    code: 'deadline_exceeded',
    message: `The run was not over after ${tunables.runDeadline / 60_000} minutes.`,
  }
  for (const run of await findOverdueRuns(db, BATCH)) {
    const ended = await unlessRefused(log, run.runId, () => forceEndRun(db, { ...run, status: 'failed', error }))
    if (ended?.outcome !== 'ended') continue
    sayCommitted(broker, log, ended.events, ended.nextRunId ? [ended.nextRunId] : [])
    await broker.publishAborts([run.runId]).catch(() => undefined)
  }
}

/** One run that can't be helped must not keep the others from it. Connection trouble ends the round. */
async function unlessRefused<Result>(log: Logger, runId: string, work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work()
  } catch (error) {
    if (!isRefusedStatement(error)) throw error
    log.error({ err: error, runId }, 'the reconciler could not help a run')
    return null
  }
}

async function ringAgain({ db, broker, log }: ReconcilerOptions, state: ReconcilerState, now: number): Promise<void> {
  const unclaimed = await findUnclaimedRuns(db, 0, tunables.reconcileRings)
  const silent = unclaimed.filter(
    (runId) => now - (state.rungAt.get(runId) ?? Number.NEGATIVE_INFINITY) > tunables.ringAgain,
  )
  // A run that was just made due has a bell on its way: it is rung from the second look on.
  const seen = new Set(unclaimed)
  for (const runId of state.rungAt.keys()) if (!seen.has(runId)) state.rungAt.delete(runId)
  const toRing = silent.filter((runId) => state.rungAt.has(runId))
  for (const runId of silent) state.rungAt.set(runId, state.rungAt.has(runId) ? now : now - tunables.ringAgain)
  if (toRing.length > 0)
    await broker.ring(toRing).catch((error: unknown) => log.warn({ err: error }, 'bells could not be rung'))
}
