import { setTimeout as sleep } from 'node:timers/promises'
import { preciseNow } from '../../agent/script.ts'
import type { Cleanup } from '../../cluster/cleanup.ts'
import { type Driven, startDriven } from '../../driven/startDriven.ts'
import type { CrowdQuestions } from '../../load/crowdMain.ts'
import { readMemory } from '../../measure/memoryWatch.ts'
import { type MeasuredCluster, startMeasuredCluster } from '../measuredCluster.ts'
import type { Report, Scenario, ScenarioContext } from '../scenario.ts'
import { mostOpenFiles, socketsFault } from './openFiles.ts'
import { type SharedSession, makeSharedSession } from './sharedSession.ts'
import { type SocketsResult, socketsReport } from './socketsReport.ts'

// measureSockets
//   ├─ connect, subscribe   each socket reads a session of its own; what the nodes have grown by, at rest
//   └─ join, say            all read one session as well, and one event is written: until every socket has it

/** Very many sockets on two nodes that mostly wait. */
export const sockets: Scenario = {
  measures: 'ten thousand sockets on two nodes: how fast they come, what each holds, how soon all hear one event',
  run: measureSockets,
}

const SOCKETS = 10_000
const NODES = 2
/** A process of the load for so many sockets: one alone would be slower than the nodes. */
const SOCKETS_OF_LOAD = 2_500
/** What connecting has left behind is collected meanwhile. */
const REST_MS = 10_000
const SAYINGS = 5
/** Until then every socket must have heard one event. */
const HEARD_MS = 20_000
const LOOK_EVERY_MS = 250

async function measureSockets(context: ScenarioContext): Promise<Report> {
  const count = context.asked.sessions?.[0] ?? SOCKETS
  const fault = socketsFault(Math.ceil(count / NODES), await mostOpenFiles())
  if (fault) throw new Error(fault)
  const cluster = await startMeasuredCluster(context, { realtimes: NODES })
  const shared = await makeSharedSession(cluster, count)
  const crowd = await startCrowd(cluster, shared, context.cleanup)
  context.say(`${count} sockets`)
  return socketsReport(await measureCrowd(cluster, shared, crowd, count))
}

type Loads = readonly Driven<CrowdQuestions>[]

async function startCrowd(cluster: MeasuredCluster, shared: SharedSession, cleanup: Cleanup): Promise<Loads> {
  const { tokens, ownSessionIds } = shared
  const eventsUrls = cluster.realtimes.map(({ url }) => url)
  const loads: Driven<CrowdQuestions>[] = []
  for (let from = 0; from < ownSessionIds.length; from += SOCKETS_OF_LOAD) {
    const load = await startDriven<CrowdQuestions>('load/crowdMain.js', cleanup)
    await load.ask('plan', { eventsUrls, tokens, sessionIds: ownSessionIds.slice(from, from + SOCKETS_OF_LOAD) })
    loads.push(load)
  }
  return loads
}

async function measureCrowd(
  cluster: MeasuredCluster,
  shared: SharedSession,
  loads: Loads,
  count: number,
): Promise<SocketsResult> {
  const nodes = () => Object.fromEntries(cluster.realtimes.map(({ name, pid }) => [name, pid]))
  const before = await readMemory(nodes())
  const connectSeconds = await timed(() => ofAll(loads, (load) => load.ask('connect')))
  const subscribeSeconds = await timed(() => ofAll(loads, (load) => load.ask('subscribe')))
  await sleep(REST_MS)
  const after = await readMemory(nodes())
  await ofAll(loads, (load) => load.ask('join', { sessionId: shared.sessionId, after: shared.lastSeq }))
  const sayings: SocketsResult['sayings'][number][] = []
  while (sayings.length < SAYINGS) sayings.push(await sayOnce(shared, loads, count, `mark-${sayings.length};`))
  const ended = (await ofAll(loads, (load) => load.ask('ended'))).flat()
  return { count, connectSeconds, subscribeSeconds, before, after, sayings, ended }
}

/** Writes one event; gives after how many ms each socket had it. */
async function sayOnce(shared: SharedSession, loads: Loads, count: number, mark: string) {
  await ofAll(loads, (load) => load.ask('listen', mark))
  const said = preciseNow()
  await shared.say(mark)
  for (const deadline = performance.now() + HEARD_MS; ; await sleep(LOOK_EVERY_MS)) {
    const heard = (await ofAll(loads, (load) => load.ask('heard'))).flatMap(({ at }) => at)
    if (heard.length >= count || performance.now() > deadline) return { delays: heard.map((at) => at - said) }
  }
}

function ofAll<Answer>(loads: Loads, ask: (load: Driven<CrowdQuestions>) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(loads.map(ask))
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1_000
}
