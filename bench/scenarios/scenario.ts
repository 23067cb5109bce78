import type { Cleanup } from '../cluster/cleanup.ts'

/** One thing that the bench measures. */
export interface Scenario {
  /** One line, for --help and above its tables. */
  measures: string
  run(context: ScenarioContext): Promise<Report>
}

export interface ScenarioContext {
  /** `check`: just long enough to hold each target to account; all scenarios together take at most 25 minutes. */
  effort: 'full' | 'check'
  /** What the command line asks for instead of the scenario's own. */
  asked: {
    /** Sessions at once. */
    sessions?: readonly number[]
    /** Length of one measured window. */
    seconds?: number
    /** How long before it a loop runs without being counted. */
    warmUpSeconds?: number
    /** Alternations of two measured things. */
    rounds?: number
    /** A folder for CPU profiles of all our processes. */
    profiles?: string
    /** Finished runs beside which `history` measures, and the folder in which they are kept between calls. */
    finished?: number
    kept?: string
  }
  environment: NodeJS.ProcessEnv
  /** What the scenario starts ends with it, however it ends. */
  cleanup: Cleanup
  /** Progress, for a person: never part of the result. */
  say(line: string): void
}

/** Processes that have just started are slow: their code is not compiled yet, their caches are empty. */
export function warmUpSecondsOf({ asked }: Pick<ScenarioContext, 'asked'>): number {
  return asked.warmUpSeconds ?? 4
}

/** What came of a scenario: the same for people, for programs, and for the judgement. */
export interface Report {
  tables: readonly Table[]
  /** What a reader of the tables has to know: what was discarded, what bounds the result. */
  notes: readonly string[]
  figures: Readonly<Record<string, unknown>>
  targets: readonly Target[]
}

export interface Table {
  title: string
  columns: readonly string[]
  rows: readonly (readonly string[])[]
}

/** One of the figures that have to be reached. */
export interface Target {
  /** `<scenario>.<what>`, without spaces. */
  name: string
  /** Null: could not be measured, which is a miss. */
  value: number | null
  /** Such as `>= 1.7` or `<= 30 ms`. */
  wanted: string
  met: boolean
}

/** A target that wants at least so much. */
export function atLeast(name: string, value: number | null, least: number, unit = ''): Target {
  return { name, value, wanted: `>= ${least}${unit && ` ${unit}`}`, met: value !== null && value >= least }
}

/** A target that wants at most so much. */
export function atMost(name: string, value: number | null, most: number, unit = ''): Target {
  return { name, value, wanted: `<= ${most}${unit && ` ${unit}`}`, met: value !== null && value <= most }
}
