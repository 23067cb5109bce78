// What conformance.ts starts as a process of its own: a broker that does what it is told over IPC and says what it hears.
import type { SessionNews } from '@shared/broker/port'
import type { Cut } from '@shared/domain/cuts'
import { createPostgresBroker } from '../postgres/createPostgresBroker.ts'
import type { BellAnswering, Broker } from '../port.ts'
import { createRedisBroker } from '../redis/createRedisBroker.ts'

export interface BrokerAddress {
  kind: Broker['kind']
  url: string
  /** Redis' prefix or Postgres' schema. */
  name: string
}

/** What a process tells unasked. */
export type Heard =
  | { type: 'bell'; runIds: string[] }
  | { type: 'news'; news: SessionNews }
  | { type: 'aborts'; runIds: string[] }
  | { type: 'cuts'; cuts: Cut[] }
  | { type: 'reconnect' }
  | { type: 'error'; message: string; where: string }

function tell(heard: Heard): void {
  process.send?.({ heard })
}

let broker: Broker
let answering: BellAnswering | undefined
let failures = 0
/** While set, the handler of bells doesn't return. */
let held: { until: Promise<void>; release: () => void } | null = null
let handling = 0

async function handle(runIds: string[]): Promise<void> {
  if (++handling > 1) tell({ type: 'error', message: 'two handler calls at once', where: 'handler' })
  tell({ type: 'bell', runIds })
  try {
    await held?.until
    if (failures-- > 0) throw new Error('this handler fails as it was told to')
  } finally {
    handling--
  }
}

/** How long it took, and how it failed, if it did. */
async function outcome(work: Promise<unknown>): Promise<{ ms: number; error: string | null }> {
  const start = performance.now()
  const error = await work.then(
    () => null,
    (failure: Error) => failure.message,
  )
  return { ms: performance.now() - start, error }
}

/** Without a timestamp or data of a real event: brokers don't look inside. */
function newsOf(sessionId: string, seqs: number[]): SessionNews {
  const events = seqs.map((seq) => ({
    seq,
    type: 'custom' as const,
    sessionId,
    at: '',
    data: { name: 'test', data: '🎈\n' },
  }))
  return { sessionId, lastSeq: seqs.at(-1) ?? 0, events }
}

export const tasks = {
  async open({ kind, url, name }: BrokerAddress) {
    const onError = (error: Error, where: string) => tell({ type: 'error', message: error.message, where })
    broker =
      kind === 'redis'
        ? await createRedisBroker({ url, prefix: name, onError })
        : await createPostgresBroker({ url, schema: name, onError })
    broker.onNews(({ entries, ...news }) => {
      tell({ type: 'news', news: { ...news, ...(entries && { events: entries.map(({ event }) => event) }) } })
    })
    broker.onAborts((runIds) => tell({ type: 'aborts', runIds }))
    broker.onCuts((cuts) => tell({ type: 'cuts', cuts }))
    broker.onReconnect(() => tell({ type: 'reconnect' }))
  },
  ring: (runIds: string[]) => outcome(broker.ring(runIds)),
  /** Several calls within one tick. */
  ringAtOnce: (calls: string[][]) => Promise.all(calls.map((runIds) => outcome(broker.ring(runIds)))),
  async answer() {
    answering = await broker.answerBells(handle)
  },
  async pause() {
    answering?.pause()
  },
  async resume() {
    answering?.resume()
  },
  async pauseAndResume(times: number) {
    for (let time = 0; time < times; time++) {
      answering?.pause()
      await new Promise((resolve) => setTimeout(resolve, time % 3))
      answering?.resume()
      await new Promise((resolve) => setTimeout(resolve, time % 5))
    }
  },
  async failBells(count: number) {
    failures = count
  },
  async hold() {
    let release = (): void => undefined
    held = { until: new Promise<void>((resolve) => (release = resolve)), release }
  },
  async release() {
    held?.release()
    held = null
  },
  stopAnswering: () => outcome(answering?.close() ?? Promise.resolve()),
  watch: (sessionId: string) => outcome(broker.watch(sessionId)),
  async unwatch(sessionId: string) {
    broker.unwatch(sessionId)
  },
  publish: (sessionId: string, seqs: number[]) => outcome(broker.publish([newsOf(sessionId, seqs)])),
  /** One call of many news, one event each. */
  publishBatch: (said: [sessionId: string, seq: number][]) =>
    outcome(broker.publish(said.map(([sessionId, seq]) => newsOf(sessionId, [seq])))),
  /** Many calls, none of which waits for the one before. */
  async publishMany(sessionId: string, from: number, to: number) {
    const seqs = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    await Promise.all(seqs.map((seq) => outcome(broker.publish([newsOf(sessionId, [seq])]))))
  },
  publishAborts: (runIds: string[]) => outcome(broker.publishAborts(runIds)),
  publishCuts: (cuts: Cut[]) => outcome(broker.publishCuts(cuts)),
  fault: async () => broker.fault(),
  depth: () => broker.depth(),
  close: () => outcome(broker.close()),
  /** Nothing but this keeps the process, once the broker is closed. */
  async leave() {
    setImmediate(() => process.disconnect())
  },
}

export type Tasks = typeof tasks

/** A call from the parent; the answer carries its number. */
export interface Call {
  number: number
  task: keyof Tasks
  values: unknown[]
}

process.on('message', (call: Call) => {
  const task = tasks[call.task] as (...values: unknown[]) => Promise<unknown>
  task(...call.values).then(
    (result) => process.send?.({ number: call.number, result }),
    (error: Error) => process.send?.({ number: call.number, error: error.message }),
  )
})
