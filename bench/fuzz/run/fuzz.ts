import fc from 'fast-check'
import { INTEROP_ROUTES } from '../generate/interopRoutes.ts'
import { type FuzzedRoute, type OpenApi, chosenRoutes, routesOf } from '../generate/routes.ts'
import { type FuzzedStep, fuzzedSequences } from '../generate/sequences.ts'
import { ProcessWatch } from '../judge/watchProcesses.ts'
import { findBrokenLaws } from '../judge/wholeness.ts'
import { RowLedger } from '../judge/rows.ts'
import { makeWorld } from '../world/world.ts'
import { Worlds } from '../world/worlds.ts'
import type { FuzzOptions } from './options.ts'
import { FuzzFault, type Played, play } from './player.ts'
import type { Site } from './site.ts'
import { Tally } from './tally.ts'

export interface FuzzResult {
  sequences: number
  tally: Tally
  /** The longest that a process was seen busy, in ms. */
  slowest: number
  /** What was found: the sequence as short as it could be made, and how to play it again. */
  failure: { seed: number; faults: string; transcript: readonly string[] } | null
}

/** Sequences of one seed; the next ones have the next seed, so that any of them can be played again soon. */
const ROUND = 5
/** Making a failing sequence shorter plays it again and again. */
const SHRINKING_MS = 150_000
/** Routes that were asked so often have to have accepted something. */
const OFTEN = 150
/** With so many calls for each route, one that got none is not fuzzed. */
const ON_AVERAGE = 30

/**
 *   rounds of sequences (generate/) ─▶ play, until the time is over or something is wrong ─▶ made shorter
 *   at last: everything that was accepted has ended, the whole database is sound
 */
export async function fuzz(options: FuzzOptions, site: Site, say: (line: string) => void): Promise<FuzzResult> {
  const all = await readRoutes(site)
  const chosen = chosenRoutes(all, options.routes)
  const tally = new Tally(chosen.map(({ operationId }) => operationId))
  const budgetMs = options.budget * 1_000
  const { api, realtimes, workers } = site.cluster
  const watch = new ProcessWatch([api, ...realtimes, ...workers], budgetMs)
  try {
    // What a process says while it starts is for people.
    await watch.faults()
    const worlds = new Worlds(site, await makeWorld(site, null), budgetMs)
    const played: Played = { site, routes: all, worlds, watch, tally, budgetMs }
    const sequences = fuzzedSequences(chosen, options.routes === undefined)
    const { count, failure } = await playRounds(sequences, options, played, say)
    const result = { sequences: count, tally, slowest: watch.slowest }
    if (failure) return { ...result, failure }
    const faults = await faultsAtTheEnd(played)
    return {
      ...result,
      failure: faults.length > 0 ? { seed: options.seed, faults: faults.join('\n'), transcript: [] } : null,
    }
  } finally {
    watch.end()
  }
}

async function readRoutes({ apiUrl }: Site): Promise<FuzzedRoute[]> {
  const response = await fetch(`${apiUrl}/openapi.json`)
  // Of our own server, which generates it from its contracts.
  return [...routesOf((await response.json()) as OpenApi), ...INTEROP_ROUTES]
}

async function playRounds(
  sequences: fc.Arbitrary<FuzzedStep[]>,
  { seed, minutes, sequences: wanted }: FuzzOptions,
  played: Played,
  say: (line: string) => void,
): Promise<{ count: number; failure: FuzzResult['failure'] }> {
  const began = performance.now()
  let count = 0
  let last: FuzzFault | null = null
  const property = fc.asyncProperty(sequences, async (steps) => {
    try {
      await play(steps, played)
    } catch (error) {
      if (error instanceof FuzzFault) {
        if (!last) say(`found: ${error.message}\nMaking the way to it shorter …`)
        last = error
      }
      throw error
    }
  })
  const isOver = () => (wanted === undefined ? performance.now() - began >= minutes * 60_000 : count >= wanted)
  for (let round = seed; !isOver(); round++) {
    const numRuns = Math.min(ROUND, wanted === undefined ? ROUND : wanted - count)
    const details = await fc.check(property, { seed: round, numRuns, interruptAfterTimeLimit: SHRINKING_MS })
    count += details.numRuns
    if (details.failed) return { count, failure: failureOf(round, last, details.errorInstance) }
    const seconds = Math.round((performance.now() - began) / 1_000)
    say(`${seconds} s: ${count} sequences, ${played.tally.total} calls, seed ${round} is through`)
  }
  return { count, failure: null }
}

function failureOf(seed: number, fault: FuzzFault | null, error: unknown): FuzzResult['failure'] {
  if (fault) return { seed, faults: fault.message, transcript: fault.transcript }
  throw error instanceof Error ? error : new Error(String(error))
}

async function faultsAtTheEnd({ site, budgetMs, tally, watch }: Played): Promise<string[]> {
  const ledger = new RowLedger(site.db, budgetMs)
  return [
    ...(await ledger.settled()),
    ...(await findBrokenLaws(site.db)),
    ...(await watch.faults()),
    ...tally.neverAccepted(OFTEN),
    ...tally.untouched(ON_AVERAGE).map((name) => `${name} was never sent`),
  ]
}
