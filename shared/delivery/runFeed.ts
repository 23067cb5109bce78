import { notFound } from '@shared/domain/errors'
import { isTerminal } from '@shared/domain/events'
import type { LogEntry } from '@shared/domain/logEntry'
import { isEnded } from '@shared/domain/runStates'
import type { Database } from '@shared/store/pool'
import { readLastSeqs, readRunSeqBefore } from '@shared/store/readEvents'
import { readRunBounds } from '@shared/store/runs'
import { type SessionFeeds, type Subscription, refuseAhead } from './sessionFeeds.ts'
import type { Sink } from './sink.ts'

export interface RunSink extends Sink {
  /** The run has ended or waits for somebody: nothing more comes in this stream. */
  end(): void
}

/**
 * One run's part of its session's log, from a cursor until it ends or pauses. Every event carries `prev`, the seq before
 * it in this stream, so that its reader can check that nothing is missing.
 */
export async function subscribeRun(
  feeds: SessionFeeds,
  db: Database,
  run: { id: string; sessionId: string },
  after: number,
  sink: RunSink,
): Promise<Subscription> {
  const bounds = await readRunBounds(db, run.id)
  if (!bounds) throw notFound('run')
  if (bounds.endedSeq !== null && after >= bounds.endedSeq) {
    const lastSeq = (await readLastSeqs(db, [run.sessionId])).get(run.sessionId)
    if (lastSeq === undefined) throw notFound('run')
    refuseAhead(after, lastSeq)
    sink.end()
    return { lastSeq: bounds.endedSeq, close: () => undefined, cut: () => undefined }
  }
  const { leg } = bounds
  let prev = await readRunSeqBefore(db, run.sessionId, run.id, after)
  let subscription: Subscription | null = null
  let ended = false

  function send(entries: readonly LogEntry[]): void {
    const linked: LogEntry[] = []
    for (const entry of entries) {
      if (ended || !concerns(entry, run.id)) continue
      linked.push(entry.after(prev))
      prev = entry.seq
      ended = isLast(entry, run.id, leg)
    }
    if (linked.length === 0) return
    sink.send(linked)
    if (!ended) return
    subscription?.close()
    sink.end()
  }

  const started = await feeds.subscribe(run.sessionId, Math.max(after, bounds.firstSeq - 1), { ...forward(sink), send })
  subscription = started
  if (ended) started.close()
  return started
}

function forward(sink: Sink): Omit<Sink, 'send'> {
  return {
    pendingBytes: () => sink.pendingBytes(),
    drained: () => sink.drained(),
    cut: (reason, lastSeq) => sink.cut(reason, lastSeq),
  }
}

function concerns(entry: LogEntry, runId: string): boolean {
  return entry.runId === runId || entry.type === 'snapshot'
}

/** A pause that was over when the reader came is not the end: the run went on. */
function isLast(entry: LogEntry, runId: string, leg: number): boolean {
  if (entry.type !== 'snapshot' && entry.type !== 'run.paused') return isTerminal(entry)
  const { event } = entry
  if (event.type === 'snapshot') {
    const run = event.data.runs.find(({ id }) => id === runId)
    return run === undefined || isEnded(run.status) || run.status === 'paused'
  }
  return event.type === 'run.paused' && event.data.run.leg >= leg
}
