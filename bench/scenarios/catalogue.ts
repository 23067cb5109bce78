import { embedded } from './embedded/embedded.ts'
import { floor } from './floor/floor.ts'
import { replay } from './replay/replay.ts'
import type { Scenario } from './scenario.ts'
import { throughput } from './throughput/throughput.ts'

/** What can be measured, in the order in which it runs. */
export const SCENARIO_NAMES = ['throughput', 'floor', 'replay', 'embedded'] as const

export type ScenarioName = (typeof SCENARIO_NAMES)[number]

export const SCENARIOS: { readonly [Name in ScenarioName]: Scenario } = { throughput, floor, replay, embedded }
