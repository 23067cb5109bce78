import { setTimeout as sleep } from 'node:timers/promises'
import { tunables } from '@shared/domain/tunables'
import {
  DEFAULT_PARTITION,
  dropPartition,
  findOldPartitions,
  forgetDefaultDeltas,
  isPartitionHeld,
  raiseDeltaFloors,
  raiseFloors,
} from '@shared/store/compaction'
import { findOutdatedRuns, forgetRunsEvents } from '@shared/store/retention'
import type { ChoreTools } from './choreTools.ts'

/**
 *   partition over ─▶ no held run in it ─▶ floors of its sessions ─▶ drop
 *   default one    ─▶ floors of its sessions ─▶ delete below them
 *   runs long over ─▶ floors of their sessions ─▶ delete their events below them
 * Floors first, then what is below them: a reader gets the events or learns that it needs a snapshot. Every step is a
 * transaction of its own that says what is left to do, so whatever ends this half-way is made good by the next look.
 */
export interface Keeping {
  /** How long after a run's end its deltas are there at least, in ms. */
  graceMs: number
  /** And its events. */
  eventsMs: number
}

type CompactionTools = Pick<ChoreTools, 'db' | 'log'>

/** Forgets what is past its time; stops between two steps when asked to. */
export async function compact(tools: CompactionTools, keeping: Keeping, signal: AbortSignal): Promise<void> {
  for (const partition of await findOldPartitions(tools.db, keeping.graceMs)) {
    if (signal.aborted) return
    await compactPartition(tools, partition, keeping.graceMs, signal)
  }
  await compactDefault(tools, keeping.graceMs, signal)
  await forgetEvents(tools, keeping, signal)
}

/** A partition that can't go yet, because of a run or of a lock, is looked at again another time. */
async function compactPartition(tools: CompactionTools, partition: string, graceMs: number, signal: AbortSignal) {
  const { db, log } = tools
  if (await isPartitionHeld(db, partition, graceMs)) return
  for await (const _sessions of raised(tools, partition, graceMs, signal));
  if (signal.aborted) return
  const outcome = await dropPartition(db, partition, tunables.compaction.lockWait)
  log[outcome === 'dropped' ? 'info' : 'debug']({ partition, outcome }, 'a partition of deltas was looked through')
}

async function compactDefault(tools: CompactionTools, graceMs: number, signal: AbortSignal): Promise<void> {
  for await (const sessions of raised(tools, DEFAULT_PARTITION, graceMs, signal)) {
    while (!signal.aborted && (await forgetDefaultDeltas(tools.db, sessions, tunables.compaction.rows)) > 0);
  }
}

/** The sessions of a partition, some at a time, with their floors raised. */
async function* raised({ db }: CompactionTools, partition: string, graceMs: number, signal: AbortSignal) {
  let last: string | null = null
  while (!signal.aborted) {
    const sessions: string[] = await raiseDeltaFloors(db, partition, last, tunables.compaction.sessions, graceMs)
    if (sessions.length === 0) return
    yield sessions
    last = sessions.at(-1)!
  }
}

/** Heads are locked for milliseconds: one that still is after so many tries, so far apart, is left to another look. */
const TRIES = 5
const TRY_AGAIN_MS = 100

async function forgetEvents(
  { db }: CompactionTools,
  { graceMs, eventsMs }: Keeping,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const runs = await findOutdatedRuns(db, eventsMs, tunables.compaction.sessions)
    if (runs.length === 0) return
    let busy = await raiseFloors(db, [...new Set(runs.map((run) => run.sessionId))], graceMs)
    for (let tries = 1; busy.length > 0 && tries < TRIES; tries++) {
      await sleep(TRY_AGAIN_MS)
      busy = await raiseFloors(db, busy, graceMs)
    }
    if (busy.length > 0) return
    const runIds = runs.map((run) => run.runId)
    while (!signal.aborted && runIds.length > 0) {
      const done = await forgetRunsEvents(db, runIds, tunables.compaction.rows)
      if (done === null) return
      runIds.splice(0, done)
    }
  }
}
