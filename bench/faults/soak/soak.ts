import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tunables } from '@shared/domain/tunables'
import { Arena, BRIEF } from '../arena/arena.ts'
import { registerEndpoint } from '../arena/endpoint.ts'
import { patience } from '../arena/patience.ts'
import { randomNumbers, seedFrom } from '../arena/randomNumbers.ts'
import { recovery } from '../arena/row.ts'
import type { Site } from '../arena/site.ts'
import { Recorder } from '../history/recorder.ts'
import { Lane } from '../run/lane.ts'
import { type FaultOptions, SHORT_LEASE_MS } from '../run/options.ts'
import type { RunTools } from '../run/runAll.ts'
import { ENDPOINT, SoakHistory } from './soakHistory.ts'
import { SOAK_STRIKES } from './strikes.ts'
import { playTalk } from './talks.ts'

// soak
//   ├─ talkers      conversations one after the other, as many at once as keep two cores busy
//   ├─ striker      one fault after the other at random moments, each healed and its recovery measured
//   └─ the end      all is healed and said to its end ─▶ soakHistory.check, offline

/** Conversations at once. */
const TALKERS = 32
const QUIET_MS: readonly [number, number] = [1_000, 5_000]
const TELL_MS = 15_000
/** Longer than any conversation that goes on: one that waits for what never comes is told, not waited for. */
const TALK_MS = 240_000

export interface StruckOnce {
  kind: string
  /** Conversations that waited for an answer when it struck; none: it does not count. */
  underWay: number
  recoveryMs: number
}

export interface SoakResult {
  seed: number
  seconds: number
  messages: number
  runs: number
  strikes: StruckOnce[]
  violations: string[]
  errors: string[]
}

/** What goes on at once. */
interface Ground {
  site: Site
  seed: number
  leaseMs: number
  history: SoakHistory
  live: Set<Arena>
  errors: string[]
}

export async function soak(minutes: number, options: FaultOptions, tools: RunTools): Promise<SoakResult> {
  const broker = options.broker === 'postgres' ? 'postgres' : 'redis'
  const leaseMs = options.defaultIntervals ? tunables.lease : SHORT_LEASE_MS
  const lane = new Lane(
    { agentview: tools.agentview, broker, leaseMs: options.defaultIntervals ? null : leaseMs },
    tools.cleanup,
  )
  const site = await lane.site()
  const folder = path.join(tools.results, 'soak')
  const history = await SoakHistory.begin(folder)
  const ground: Ground = { site, seed: options.seed, leaseMs, history, live: new Set(), errors: [] }
  const endpoint = await listen(ground)
  const startedAt = performance.now()
  const until = startedAt + minutes * 60_000
  const telling = setInterval(() => tools.say(told(ground, startedAt)), TELL_MS)
  const talkers = Array.from({ length: TALKERS }, (_, talker) => talk(ground, talker, until))
  const strikes = await strikeUntil(ground, until, tools.say)
  await Promise.all(talkers)
  for (const last = performance.now() + patience.delivery; history.undelivered > 0 && performance.now() < last;)
    await sleep(100)
  clearInterval(telling)
  await endpoint.remove()
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  const violations = await history.check()
  const bad = violations.length + ground.errors.length > 0
  if (bad) await lane.copyLogs(path.join(folder, 'logs'))
  await lane.replace()
  if (!bad && !options.keep) await rm(folder, { recursive: true })
  const { messages, runs } = history
  return { seed: options.seed, seconds, messages, runs, strikes, violations, errors: ground.errors }
}

/** An endpoint that refuses now and then, and takes what comes again. */
function listen({ site, seed, history, leaseMs }: Ground) {
  const recorder = new Recorder()
  const random = randomNumbers(seedFrom(seed, 'endpoint'))
  const arena = new Arena(site, recorder, random, leaseMs)
  return registerEndpoint(arena.endpointSite, ENDPOINT, {
    decide: (tries) => (tries === 1 && random() < 0.005 ? 500 : 204),
    heard: (received) => history.deliver({ at: recorder.now(), kind: 'delivered', endpoint: ENDPOINT, ...received }),
  })
}

async function talk(ground: Ground, talker: number, until: number): Promise<void> {
  for (let count = 1; performance.now() < until; count++) await carryOn(ground, `talk-${talker}-${count}`, playTalk)
}

/** One conversation with a history of its own, which goes to disk when it is over. */
async function carryOn(ground: Ground, name: string, play: (arena: Arena) => Promise<void>): Promise<void> {
  const { site, seed, leaseMs, history, live, errors } = ground
  const arena = new Arena(site, new Recorder(), randomNumbers(seedFrom(seed, name)), leaseMs)
  live.add(arena)
  try {
    const playing = play(arena)
    playing.catch(() => undefined)
    await Promise.race([playing, late()])
  } catch (error) {
    errors.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    void arena.abandon().catch(() => undefined)
  }
  live.delete(arena)
  await history.keep(name, arena.recorder)
}

async function late(): Promise<never> {
  await sleep(TALK_MS, undefined, { ref: false })
  throw new Error(`it was not over after ${TALK_MS / 1_000} s`)
}

async function strikeUntil(ground: Ground, until: number, say: (line: string) => void): Promise<StruckOnce[]> {
  const { site, seed, leaseMs, errors } = ground
  const chooser = new Arena(site, new Recorder(), randomNumbers(seedFrom(seed, 'strikes')), leaseMs)
  const fitting = SOAK_STRIKES.filter(({ needs }) => needs === undefined || needs === site.broker)
  const strikes: StruckOnce[] = []
  const probes: Promise<void>[] = []
  while (performance.now() < until) {
    await sleep(chooser.pick(...QUIET_MS))
    const { kind, bound, strike } = fitting[chooser.pick(0, fitting.length - 1)]!
    const underWay = await countWaiting(ground)
    await strike(chooser)
    errors.push(...(await site.heal()).map((crashed) => `after ${kind}: ${crashed}`))
    const healed = new Promise<number>((resolve) => {
      probes.push(
        carryOn(ground, `probe-${strikes.length + 1}`, (arena) => probe(arena, kind, bound(leaseMs), resolve)),
      )
    })
    const recoveryMs = await healed
    strikes.push({ kind, underWay, recoveryMs })
    say(`${kind}: ${underWay} under way, ${Math.round(recoveryMs)} ms`)
  }
  await Promise.all(probes)
  return strikes
}

/** How long a new message waits for a worker when all is well again (I8). */
async function probe(arena: Arena, kind: string, bound: number, measured: (ms: number) => void): Promise<void> {
  try {
    const talk = await arena.conversation(['sse'])
    const sent = arena.now()
    const found = recovery(`${kind}, healed → a new run claimed`, sent, await talk.say(BRIEF).claimed(), bound)
    measured(found.ms)
    arena.recorder.note({ kind: 'recovered', ...found })
    await arena.settle()
  } finally {
    measured(Number.NaN)
  }
}

async function countWaiting({ live }: Ground): Promise<number> {
  const waiting = [...live].map(async ({ conversations }) => {
    const turn = conversations.at(-1)?.turns.at(-1)
    return turn !== undefined && (await turn.sawEnd(0)) === null
  })
  return (await Promise.all(waiting)).filter(Boolean).length
}

function told({ history, live }: Ground, startedAt: number): string {
  const seconds = (performance.now() - startedAt) / 1_000
  return `${Math.round(seconds)} s: ${history.messages} messages (${(history.messages / seconds).toFixed(1)}/s), ${live.size} conversations, ${history.undelivered} ends not delivered yet, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`
}
