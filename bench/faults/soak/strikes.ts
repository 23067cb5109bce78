import { setTimeout as sleep } from 'node:timers/promises'
import type { Member } from '../../cluster/member.ts'
import type { Arena } from '../arena/arena.ts'
import { bounds } from '../arena/patience.ts'
import type { FailpointName } from '../arena/failpoints.ts'
import type { Broker } from '../arena/site.ts'

/** A fault that comes at any moment into a cluster under load. What it has broken is healed afterwards. */
export interface SoakStrike {
  kind: string
  /** From when all is well again until the next message is claimed. */
  bound: (leaseMs: number) => number
  /** Only there it makes sense. */
  needs?: Broker
  strike(arena: Arena): Promise<void>
}

/** How long services are away: longer only makes a soak wait. */
const MOST_AWAY_MS = 4_000

/** Longer than the wait between a failpoint and its kill. */
const DYING_MS = 200

const SERVICE = () => bounds.serviceBack
const WORKER = bounds.deadWorker

const POINTS: readonly [FailpointName, ...FailpointName[]] = [
  'accept.before',
  'accept.committed',
  'accept.rung',
  'claim.answered',
  'append.before',
  'append.committed',
  'finish.before',
  'finish.committed',
  'pause.before',
  'pause.committed',
  'resume.committed',
  'cancel.committed',
]

export const SOAK_STRIKES: readonly SoakStrike[] = [
  { kind: 'kill a process', bound: WORKER, strike: async (arena) => arena.one(members(arena)).kill() },
  {
    kind: 'kill at a commit boundary',
    bound: WORKER,
    async strike(arena) {
      const armed = await arena.arm(arena.one(POINTS), {
        action: 'kill',
        skip: arena.pick(0, 20),
        ms: arena.one([0, 50]),
      })
      await armed.struck(2_000)
      // It may be struck and live on for a moment: who looks now would think it well.
      await sleep(DYING_MS)
    },
  },
  {
    kind: 'restart a process in order',
    bound: WORKER,
    async strike(arena) {
      const member = arena.one(members(arena))
      if (member.name !== 'agent') await member.terminate()
    },
  },
  {
    kind: 'stop a process',
    bound: WORKER,
    async strike(arena) {
      const member = arena.one(members(arena))
      member.freeze()
      await sleep(arena.pick(200, arena.leaseMs + 2_000))
      member.thaw()
    },
  },
  {
    kind: 'FLUSHALL',
    bound: SERVICE,
    needs: 'redis',
    strike: async (arena) => void (await arena.site.redisCommand('FLUSHALL')),
  },
  {
    kind: 'CLIENT KILL',
    bound: SERVICE,
    needs: 'redis',
    async strike(arena) {
      await arena.site.redisCommand('CLIENT', 'KILL', 'TYPE', arena.one(['normal', 'pubsub']))
    },
  },
  {
    kind: 'Redis killed',
    bound: SERVICE,
    needs: 'redis',
    async strike(arena) {
      await arena.site.redis.kill()
      await arena.pause(MOST_AWAY_MS)
    },
  },
  {
    kind: 'Redis stopped',
    bound: SERVICE,
    needs: 'redis',
    async strike(arena) {
      arena.site.redis.freeze()
      await arena.pause(MOST_AWAY_MS)
      arena.site.redis.thaw()
    },
  },
  {
    kind: 'pg_terminate_backend',
    bound: SERVICE,
    strike: async (arena) => void (await arena.site.postgres.terminateConnections()),
  },
  {
    kind: 'Postgres stopped -m immediate',
    bound: SERVICE,
    async strike(arena) {
      await arena.site.postgres.stopImmediate()
      await arena.pause(MOST_AWAY_MS)
    },
  },
  {
    kind: 'connections reset',
    bound: WORKER,
    strike: async (arena) => void arena.site.links.between(...pathIn(arena)).reset(),
  },
  {
    kind: 'black hole',
    bound: WORKER,
    async strike(arena) {
      arena.site.links.between(...pathIn(arena)).blackHole()
      await arena.pause(MOST_AWAY_MS)
    },
  },
  {
    kind: 'slow network',
    bound: WORKER,
    async strike(arena) {
      arena.site.links.between(...pathIn(arena)).delay(arena.pick(20, 200))
      await arena.pause(MOST_AWAY_MS)
    },
  },
  {
    kind: 'answers cut short',
    bound: WORKER,
    async strike(arena) {
      arena.site.links.between(...pathIn(arena)).cutAfter(arena.pick(1, 2_000))
      await arena.pause(1_000)
    },
  },
]

/** Whose connections are struck. */
const PATHS: readonly [string, string][] = [
  ['api', 'postgres'],
  ['api', 'redis'],
  ['worker-1', 'postgres'],
  ['worker-2', 'postgres'],
  ['worker-1', 'redis'],
  ['realtime-1', 'postgres'],
  ['realtime-2', 'redis'],
  ['workers', 'agent'],
  ['clients', 'api'],
  ['clients', 'realtime-1'],
  ['clients', 'realtime-2'],
]

function pathIn(arena: Arena): [string, string] {
  const [first, ...others] = PATHS.filter(([, to]) => to !== 'redis' || arena.site.broker === 'redis')
  return first ? arena.one([first, ...others]) : ['clients', 'api']
}

function members({ site }: Arena): readonly [Member, ...Member[]] {
  const { agent, api, realtimes, workers } = site.cluster
  return [api, agent, ...realtimes, ...workers]
}
