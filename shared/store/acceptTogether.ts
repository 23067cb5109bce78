import type { SessionEvent } from '@shared/domain/events'
import type { Item, Run } from '@shared/domain/objects'
import { createRounds } from '@shared/domain/rounds'
import { tunables } from '@shared/domain/tunables'
import { type AcceptOutcome, type NewMessage } from './acceptMessage.ts'
import { storedKey } from './idempotencyKey.ts'
import { isRefusedStatement } from './connectionTrouble.ts'
import type { Database } from './pool.ts'
import { callFunction } from './query.ts'
import { iso, uuid } from './render.ts'

/** A message to a session that is there, and what its version was chosen by. */
export interface PlainMessage extends NewMessage {
  /** The session's version then: of its last run. */
  sessionVersion: string | null
  /** The agent's active version then. */
  activeVersionId: string
}

export type AcceptedRun = Extract<AcceptOutcome, { outcome: 'accepted' }>

/** What accept_messages_v1 returns of each that it accepted. */
interface StoredRunBegun {
  runId: string
  runNo: number
  baseSeq: number
  ahead: number
  at: string
}

/** Accepts messages, those that come while others are under way together. */
export interface Accepting {
  /**
   * Null when the message is not a plain one, or not just now: nothing was written, and `acceptMessage` has to decide, with
   * a version that was chosen anew. Messages of one session, or with one idempotency key, are taken one after another in the
   * order in which they came.
   */
  take(message: PlainMessage): Promise<AcceptedRun | null>
}

interface Waiting {
  message: PlainMessage
  /** As accept_messages_v1 takes it. */
  row: object
  resolve(accepted: AcceptedRun | null): void
  reject(error: unknown): void
}

/**
 *   take ─▶ behind others of its session and key ─▶ the next round ─▶ accept_messages_v1, one transaction for all
 */
export function createAccepting(db: Database): Accepting {
  const lanes = new Map<string, Promise<unknown>>()
  const { messages, few, most, patience } = tunables.accept
  const take = (waiting: Waiting[]) => waiting.splice(0, messages)
  const rounds = createRounds<Waiting>({ take, send, few, most, patience })

  async function send(batch: readonly Waiting[]): Promise<void> {
    try {
      const begun = await acceptAll(db, batch)
      for (const { message, resolve } of batch) resolve(begun.get(message.runId) ?? null)
    } catch (error) {
      // What Postgres refuses is one message's fault and was rolled back for all: each is tried alone.
      for (const { resolve, reject } of batch) {
        if (isRefusedStatement(error)) resolve(null)
        else reject(error)
      }
    }
  }

  function join(message: PlainMessage): Promise<AcceptedRun | null> {
    return new Promise((resolve, reject) => {
      rounds.add({ message, row: stored(message), resolve, reject })
    })
  }

  return {
    take(message) {
      const names = lanesOf(message)
      const before = names.flatMap((name) => lanes.get(name) ?? [])
      const taken = before.length === 0 ? join(message) : Promise.all(before).then(() => join(message))
      const over = taken.then(leave, leave)
      for (const name of names) lanes.set(name, over)
      function leave(): void {
        for (const name of names) if (lanes.get(name) === over) lanes.delete(name)
      }
      return taken
    },
  }
}

/** Of each of these a batch holds at most one message. */
function lanesOf({ sessionId, organizationId, idempotency }: PlainMessage): string[] {
  if (!idempotency) return [sessionId]
  const { principal, route, key } = idempotency
  return [sessionId, `${organizationId} ${principal} ${route} ${key}`]
}

async function acceptAll(db: Database, batch: readonly Waiting[]): Promise<Map<string, AcceptedRun>> {
  const limits = { deadlineMs: tunables.runDeadline, queueMax: tunables.sessionQueue }
  const rows = batch.map(({ row }) => row)
  const begun = await callFunction<StoredRunBegun[]>(db, 'accept_messages_v1', rows, limits)
  const byRun = new Map(begun.map((row) => [row.runId, row]))
  return new Map(
    batch.flatMap(({ message }) => {
      const row = byRun.get(uuid('run', message.runId))
      return row ? [[message.runId, accepted(message, row)]] : []
    }),
  )
}

function stored(message: PlainMessage): object {
  const organizationId = uuid('organization', message.organizationId)
  return {
    ...message,
    organizationId,
    sessionId: uuid('session', message.sessionId),
    ...(message.idempotency && { idempotency: storedKey(message.idempotency, organizationId) }),
    runId: uuid('run', message.runId),
    itemId: uuid('item', message.itemId),
    agentVersionId: uuid('agentVersion', message.agentVersionId),
    activeVersionId: uuid('agentVersion', message.activeVersionId),
  }
}

/** The events are as accept_messages_v1 has written them: what the message says, and what the head said. */
function accepted(message: PlainMessage, { runNo, baseSeq, ahead, at }: StoredRunBegun): AcceptedRun {
  const { sessionId, runId, itemId, runType, version, input, metadata, debounceMs = 0 } = message
  const createdAt = iso(at)
  const item: Item = {
    ...{ id: itemId, sessionId, runId, runNo, itemNo: 0 },
    ...{ kind: 'input', status: 'complete', data: input, createdAt },
  }
  const run: Run = {
    ...{ id: runId, sessionId, runNo, type: runType, status: 'queued', leg: 0, version, metadata },
    ...{ queuePosition: ahead, attempts: [], createdAt },
  }
  const about = { sessionId, runId, at: createdAt }
  const events: SessionEvent[] = [
    { seq: baseSeq + 1, type: 'item.created', ...about, data: { item } },
    { seq: baseSeq + 2, type: 'run.queued', ...about, data: { run } },
  ]
  const acceptance = { sessionId, runId, itemId, seq: baseSeq + 2 }
  return { outcome: 'accepted', ...acceptance, events, ringAfterMs: ahead === 0 ? debounceMs : null, cancelled: [] }
}
