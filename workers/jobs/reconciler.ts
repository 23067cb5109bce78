import pg from 'pg'
import type { Leases } from '@shared/domain/leases'
import { tunables } from '@shared/domain/tunables'
import { readUptime } from '@shared/store/workers'
import type { ChoreTools } from './chores/choreTools.ts'
import { compact } from './chores/compaction.ts'
import { eraseDeleted } from './chores/erasure.ts'
import { housekeep } from './chores/housekeeping.ts'
import { createBellRinger } from './chores/lostBells.ts'
import { giveBackOrphans, markLapsed } from './chores/lostWorkers.ts'
import { endOverdue } from './chores/overdueRuns.ts'
import { quarantineRuns } from './chores/quarantinedRuns.ts'
import type { Quarantine } from './quarantine.ts'
import type { Worker } from './worker.ts'

/**
 * Finds what fell between and does one chore after another: runs of lost workers, runs past their time, lost bells. One
 * process at a time does it, whoever holds the advisory lock; each finding goes through the ordinary guarded transitions,
 * so that two at once would only waste a look.
 */
export interface Reconciler {
  stop(): Promise<void>
}

export interface ReconcilerOptions extends ChoreTools {
  databaseUrl: string
  leases: Leases
  quarantine: Pick<Quarantine, 'wake'>
  /** That of the same process: carries out what the queue takes no bells for. */
  worker: Pick<Worker, 'wake'>
  /** How long the events of ended runs are kept, in ms; tunables.eventRetention unless said. */
  eventRetentionMs?: number
}

/** Any constant of our own: the right to reconcile this database. */
const RECONCILER_LOCK = 4_172_690_144

export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { databaseUrl, log } = options
  const state: ReconcilerState = {
    connection: null,
    leads: false,
    reachableSince: Number.NEGATIVE_INFINITY,
    ringAgain: createBellRinger(),
    housekeptAt: Number.NEGATIVE_INFINITY,
    compaction: null,
    stopping: new AbortController(),
  }
  let round: Promise<void> | null = null

  async function look(): Promise<void> {
    try {
      if (state.connection === null) state.leads = false
      state.leads = await takeLock((state.connection ??= await connect(databaseUrl, (lost) => forget(state, lost))))
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
      state.stopping.abort()
      await round
      await state.connection?.end().catch(() => undefined)
      await state.compaction
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
  ringAgain: ReturnType<typeof createBellRinger>
  housekeptAt: number
  /** Under way: it may take minutes, so it runs beside the rounds. */
  compaction: Promise<void> | null
  stopping: AbortController
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
    // The lock goes with the connection, and a process that is stopped or cut off would keep both.
    options: `-c idle_session_timeout=${tunables.reconcilerSilence}`,
  })
  client.on('error', () => onLost(client))
  client.on('end', () => onLost(client))
  await client.connect()
  return client
}

/**
 * False when another process has it. Whoever has it takes it again at every look, which Postgres allows: so a holder is
 * heard, and knows that it still holds it. A connection that does not answer is given up.
 */
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
  const { leases } = options
  const now = performance.now()
  // While Postgres was away, from us or from all, nobody could renew: everybody gets one lease's time before anybody is
  // taken for dead. Our own age says nothing: where processes are restarted often, nobody would ever be old enough.
  const couldRenew = now - reachableSince > leases.lease && (await readUptime(options.db)) > leases.lease
  if (couldRenew) await markLapsed(options, 'expired')
  await giveBackOrphans(options)
  await endOverdue(options)
  await quarantineRuns(options, leases, options.quarantine)
  await state.ringAgain(options, options.worker, now)
  await eraseDeleted(options)
  if (now - state.housekeptAt > tunables.housekeeping) {
    state.housekeptAt = now
    await housekeep(options)
    state.compaction ??= compactBeside(options, state.stopping.signal).finally(() => (state.compaction = null))
  }
}

async function compactBeside(options: ReconcilerOptions, signal: AbortSignal): Promise<void> {
  const keeping = { graceMs: tunables.compaction.grace, eventsMs: options.eventRetentionMs ?? tunables.eventRetention }
  try {
    await compact(options, keeping, signal)
  } catch (error) {
    options.log.warn({ err: error }, 'the log could not be compacted; the next look goes on')
  }
}
