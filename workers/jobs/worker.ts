import { setTimeout as sleep } from 'node:timers/promises'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { BellAnswering, Broker } from '@shared/broker/port'
import { newId } from '@shared/domain/ids'
import type { Leases } from '@shared/domain/leases'
import { tunables } from '@shared/domain/tunables'
import { isDeliverable } from '@shared/domain/webhooks'
import { armed, failpoint } from '@shared/failpoints/failpoint'
import { runTokens } from '@shared/intake/runTokens'
import type { OutboundGuard } from '@shared/outbound/guard'
import { findVersionById } from '@shared/store/agents'
import { findOrganization } from '@shared/store/organizations'
import type { Database } from '@shared/store/pool'
import { type ClaimedRun, claimQuarantined, claimRuns } from '@shared/store/claimRuns'
import { requeueRun } from '@shared/store/runTransitions'
import { unsealDefinition } from '@shared/store/sealedDefinitions'
import { unseal } from '@shared/store/sealedSecrets'
import { type HeldRun, heartbeat, registerWorker, removeWorker } from '@shared/store/workers'
import { startDeliverySender } from '@workers/webhooks/deliverySender'
import { handleJob } from './catalogue.ts'
import { createEventOutbox } from './eventOutbox.ts'
import { executeRun } from './executeRun.ts'
import { createFinishBatches } from './finishBatches.ts'
import { startHeartbeat } from './heartbeat.ts'
import { remember } from '@shared/domain/remember'
import { type AbortReason, RunAborted, readForRun } from './runAborted.ts'
import { createRunPuller } from './runPuller.ts'
import type { RunTools } from './runTools.ts'
import { sayCommitted } from '@shared/broker/sayCommitted'

/**
 *   bell ─▶ puller.ring ─▶ claimRuns ─▶ executeRun (a slot each) ─▶ outbox ─▶ Postgres ─▶ publish
 *   heartbeat ─▶ aborts what Postgres says is no longer ours
 *   an end of a run ─▶ sender.wake: webhook deliveries were written with it
 */
export interface Worker {
  /** Runs that it carries out now. */
  running(): number
  /** Claims what is due, these runs first: for when no bell can be rung. */
  wake(runIds: readonly string[]): void
  /** Takes no more runs, waits up to `graceMs` for those under way, gives the rest back uncharged. */
  drain(graceMs: number): Promise<void>
}

export interface WorkerOptions {
  db: Database
  broker: Broker
  log: Logger
  concurrency: number
  leases: Leases
  /** Where agent apps and webhook receivers may be. */
  guard: OutboundGuard
  /** AGENTVIEW_SECRET: opens the keys that requests to agent apps are signed with, and signs their runs' tokens. */
  secret: string
  /** This worker carries out runs that have lost others, and only these. Told of each id that it takes. */
  quarantine?: { onRegistered: (workerId: string) => void }
}

/** What seems lost is looked at again after this: it may just have been on its way. */
const LOOK_AGAIN_MS = 500

/** Timers fire up to a millisecond early and clocks drift: a run that is not yet due would be left to the reconciler. */
const NOT_BEFORE_MS = 10

function idsOf(claimed: readonly ClaimedRun[]): { sessionId: string[]; runId: string[] } {
  return { sessionId: claimed.map(({ session }) => session.id), runId: claimed.map(({ run }) => run.id) }
}

interface Execution {
  claimed: ClaimedRun
  controller: AbortController
  since: number
  done: Promise<void>
}

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { db, broker, log, concurrency, leases, guard, secret, quarantine } = options
  let workerId = newId('worker')
  const executions = new Map<string, Execution>()
  let bells: BellAnswering | null = null
  let stopping = false
  /** The time for runs under way is over: one that a late claim still brings goes back at once. */
  let givingBack = false
  await register(workerId)

  async function register(id: string): Promise<void> {
    const worker = { id, host: hostname(), pid: process.pid, concurrency, quarantine: quarantine !== undefined }
    await registerWorker(db, worker, leases.lease)
    quarantine?.onRegistered(id)
  }

  function abort(runId: string, reason: AbortReason): void {
    executions.get(runId)?.controller.abort(new RunAborted(reason))
  }

  const outbox = createEventOutbox({
    db,
    publish: (events) => sayCommitted(broker, log, events, []),
    // A late word of an earlier attempt says nothing about the one under way.
    onLost({ runId, epoch }, reason) {
      if (executions.get(runId)?.claimed.run.epoch === epoch) abort(runId, reason)
    },
    onTrouble: (error) => log.error({ err: error }, 'events could not be appended'),
  })
  const tokens = runTokens(secret)
  // A process that is there to be killed by its run leaves webhooks to others.
  const sender = quarantine ? null : startDeliverySender({ db, log, guard, secret })
  const tools: RunTools = {
    db,
    log,
    leases,
    guard,
    outbox,
    finishes: createFinishBatches(db),
    publish(events) {
      sayCommitted(broker, log, events, [])
      if (events.some(isDeliverable)) sender?.wake()
    },
    wake: (runId) => (stopping ? sayCommitted(broker, log, [], [runId]) : void puller.wake([runId])),
    wakeLater: (runId, delayMs) => void setTimeout(() => tools.wake(runId), delayMs + NOT_BEFORE_MS).unref(),
    findVersion: remember(10_000, Number.POSITIVE_INFINITY, async (id) => {
      const version = await readForRun(findVersionById(db, id))
      if (!version) throw new Error(`the agent version ${id} is gone`)
      return { ...version, definition: unsealDefinition(secret, version.definition) }
    }),
    runTokenOf: ({ run, session }) =>
      tokens.issue({ organizationId: run.organizationId, sessionId: session.id, runId: run.id, epoch: run.epoch }),
    findSigningSecret: remember(10_000, tunables.credentialCache, async (id) => {
      const organization = await readForRun(findOrganization(db, id))
      if (!organization) throw new Error(`the organization ${id} is gone`)
      return unseal(secret, organization.agentSigningSecret)
    }),
  }

  async function execute(claimed: ClaimedRun): Promise<void> {
    const { id } = claimed.run
    const controller = new AbortController()
    if (givingBack) controller.abort(new RunAborted('shutdown'))
    const since = performance.now()
    const done = executeRun(claimed, tools, controller.signal).catch((error: unknown) =>
      log.error({ err: error, runId: id }, 'a run could not be concluded; its lease decides'),
    )
    executions.set(id, { claimed, controller, since, done })
    await done
    // Given back, it may have been claimed again meanwhile.
    if (executions.get(id)?.controller === controller) executions.delete(id)
  }

  const puller = createRunPuller({
    concurrency,
    log,
    execute,
    async claim(hints, limit) {
      try {
        const claimed = await (quarantine ? claimQuarantined(db, workerId) : claimRuns(db, workerId, hints, limit))
        if (armed && claimed.length > 0) await failpoint('claim.answered', { workerId, ...idsOf(claimed) })
        for (const run of claimed) tools.publish(run.events)
        return claimed
      } catch (error) {
        // It may have been committed: then Postgres knows of runs of ours that we don't.
        beat.now()
        throw error
      }
    },
    onFull: (full) => (full ? bells?.pause() : bells?.resume()),
  })

  /** Breaks off what Postgres no longer counts as ours, and gives back what it counts as ours but we don't know of. */
  function compareHeld(held: HeldRun[], before: number): void {
    const epochs = new Map(held.map((run) => [run.runId, run.epoch]))
    for (const [runId, execution] of executions) {
      if (execution.since < before && epochs.get(runId) !== execution.claimed.run.epoch) abort(runId, 'cancelled')
    }
    // No bell comes while the queue is away: then this worker looks by itself.
    if (broker.fault() !== null) void puller.wake([])
    if (puller.isClaiming()) return
    for (const run of held) if (!executions.has(run.runId)) void giveBackUnknown(run)
  }

  /** A claim whose answer got lost, or a run that could not be concluded. Seen twice, so that a fresh end isn't undone. */
  const unknown = new Map<string, number>()
  async function giveBackUnknown({ runId, epoch, sessionId }: HeldRun): Promise<void> {
    if (unknown.get(runId) !== epoch) {
      unknown.set(runId, epoch)
      setTimeout(() => beat.now(), LOOK_AGAIN_MS).unref()
      return
    }
    unknown.delete(runId)
    const error = { code: 'worker_stopped', message: 'The worker lost track of this run.' }
    const requeue = { sessionId, runId, epoch, delayMs: 0, error, reason: 'drained' as const }
    const events = await requeueRun(db, { ...requeue, attempt: { outcome: 'superseded', error } }).catch(() => null)
    if (events) sayCommitted(broker, log, events, [runId])
  }

  /** The id under which runs were claimed that this worker has let go of; null while all is well. */
  let lostId: string | null = null
  let registering: Promise<void> | null = null

  const beat = startHeartbeat({
    leases,
    log,
    async renew() {
      if (lostId !== null) await (registering ??= registerAgain(lostId).finally(() => (registering = null)))
      return heartbeat(db, workerId, leases.lease)
    },
    onHeld: compareHeld,
    onLost() {
      for (const runId of executions.keys()) abort(runId, 'fenced')
      lostId ??= workerId
      // One that nobody knows: until it is registered it can claim nothing.
      workerId = newId('worker')
      beat.now()
    },
  })

  /** Under an id that was never tried: of one that failed it isn't known whether it was committed. */
  async function registerAgain(lost: string): Promise<void> {
    const id = newId('worker')
    await register(id)
    workerId = id
    lostId = null
    // What it had needn't wait for the end of its lease.
    void removeWorker(db, lost).catch(() => undefined)
    void puller.wake([])
  }

  const unsubscribe = broker.onAborts((runIds) => {
    if (runIds.some((runId) => executions.has(runId))) beat.now()
  })
  // No bell is rung for the quarantine.
  const look = quarantine && setInterval(() => void puller.wake([]), tunables.quarantineLook)
  try {
    bells = quarantine ? null : await broker.answerBells((runIds) => handleJob('pullRuns', { runIds }, { puller }))
  } catch (error) {
    unsubscribe()
    beat.stop()
    await sender?.stop(0)
    throw error
  }
  // Bells may have filled it meanwhile.
  if (puller.running() >= concurrency) bells?.pause()
  void puller.wake([])

  return {
    running: () => executions.size,
    wake: (runIds) => void puller.wake(runIds),
    async drain(graceMs) {
      stopping = true
      clearInterval(look)
      const sent = sender?.stop(graceMs)
      await Promise.all([bells?.close(), Promise.race([puller.stop(), sleep(graceMs, undefined, { ref: false })])])
      const all = () => Promise.allSettled([...executions.values()].map((execution) => execution.done))
      await Promise.race([all(), sleep(graceMs, undefined, { ref: false })])
      givingBack = true
      for (const runId of executions.keys()) abort(runId, 'shutdown')
      await Promise.race([all(), sleep(tunables.postgresConnect, undefined, { ref: false })])
      unsubscribe()
      beat.stop()
      await sent
      await Promise.race([removeWorker(db, workerId).catch(() => undefined), sleep(1_000, undefined, { ref: false })])
    },
  }
}
