import { embedded } from './embedded/embedded.ts'
import { firstToken } from './firstToken/firstToken.ts'
import { floor } from './floor/floor.ts'
import { history } from './history/history.ts'
import { long } from './long/long.ts'
import { replay } from './replay/replay.ts'
import { sockets } from './sockets/sockets.ts'
import { streams } from './streams/streams.ts'
import { throughput } from './throughput/throughput.ts'
import type { Scenario } from './scenario.ts'

/** What can be measured, in the order in which it runs. */
export const SCENARIO_NAMES = [
  'throughput',
  'floor',
  'first-token',
  'streams',
  'sockets',
  'history',
  'long',
  'replay',
  'embedded',
] as const

export type ScenarioName = (typeof SCENARIO_NAMES)[number]

export const SCENARIOS: { readonly [Name in ScenarioName]: Scenario } = {
  throughput,
  floor,
  'first-token': firstToken,
  streams,
  sockets,
  history,
  long,
  replay,
  embedded,
}
