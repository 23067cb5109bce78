import type { SessionEvent } from '@shared/domain/events'
import { idOf, newId } from '@shared/domain/ids'
import type { Database } from '@shared/store/pool'
import type { Hold } from '@shared/store/runTransitions'
import type { NewEvent } from '@shared/store/storeEvents'
import { type EventOutbox, createEventOutbox } from '../eventOutbox.ts'
import { type Deferred, deferred } from './fakes.ts'

interface StoredRequest {
  runId: string
  sessionId: string
  epoch: number
  events: { type: string; data: { patch?: { value: string }[]; name?: string } }[]
}

/** An append as it reaches Postgres; the test says what becomes of it. */
export interface Append {
  /** Run → what is appended, as short text. */
  runs: Record<string, string[]>
  /** Committed, but for these runs, whose head somebody else had locked or which were fenced. */
  commit(...without: string[]): void
  fail(error: Error): void
}

export interface FakeLog {
  outbox: EventOutbox
  appends: Append[]
  /** Runs that are no longer ours. */
  fenced: Set<string>
  /** What `holdStands` fails with. */
  unreadable: Error | null
  published: string[][]
  lost: [runId: string, reason: string, attempt: number][]
  troubles: unknown[]
}

/** An outbox on a Postgres of the test's making: only the two statements that it uses. */
export function createFakeLog(): FakeLog {
  const log: Omit<FakeLog, 'outbox'> = {
    appends: [],
    fenced: new Set(),
    unreadable: null,
    published: [],
    lost: [],
    troubles: [],
  }
  async function query({ name, values }: { name: string; values: unknown[] }) {
    if (name === 'append_events_v1') return { rows: await append(log, String(values[0])) }
    if (name !== 'hold_stands') throw new Error(`unexpected statement ${name}`)
    if (log.unreadable) throw log.unreadable
    return { rows: log.fenced.has(idOf('run', String(values[1]))) ? [] : [{ held: 1 }] }
  }
  const outbox = createEventOutbox({
    db: { query } as unknown as Database,
    publish: (events) => log.published.push(events.map(said)),
    onLost: ({ runId, attempt }, reason) => log.lost.push([runId, reason, attempt]),
    onTrouble: (error) => log.troubles.push(error),
  })
  return Object.assign(log, { outbox })
}

async function append(log: Pick<FakeLog, 'appends'>, parameter: string) {
  const requests: StoredRequest[] = JSON.parse(parameter)
  const answer: Deferred<string[]> = deferred()
  log.appends.push({
    runs: Object.fromEntries(requests.map(({ runId, events }) => [idOf('run', runId), events.map(short)])),
    commit: (...without) => answer.resolve(without),
    fail: (error) => answer.reject(error),
  })
  const without = await answer.promise
  return requests
    .filter(({ runId }) => !without.includes(idOf('run', runId)))
    .map(({ runId }) => ({ run_id: runId, base_seq: 10, appended_at: new Date(0) }))
}

const short = ({ data }: StoredRequest['events'][number]) => data.patch?.[0]?.value ?? data.name ?? ''
const said = ({ seq, data }: SessionEvent) => `${seq} ${short({ type: '', data: data as { name?: string } })}`

export const newHold = (more: Partial<Hold> = {}): Hold => ({
  sessionId: newId('session'),
  runId: newId('run'),
  epoch: 1,
  attempt: 1,
  ...more,
})

/** An event of one word that is never merged with another. */
export const word = (name: string): NewEvent => ({ type: 'custom', data: { name, data: null } })
/** Text that grows one item. */
const ITEM = newId('item')
export const grow = (value: string): NewEvent => ({
  type: 'item.delta',
  data: { itemId: ITEM, patch: [{ op: 'append', path: '/content', value }] },
})
/** What pg throws for a statement that Postgres has refused. */
export const refusal = (code: string): Error => Object.assign(new Error('no'), { code, severity: 'ERROR' })
