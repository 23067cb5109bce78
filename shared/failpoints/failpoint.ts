import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Named places at which the fault harness (bench/faults) can strike a process: at each commit boundary of the engine.
 *
 *   a file <folder>/<name> says what happens ─▶ taken by one process ─▶ <name>.struck-<pid>-<n> says who ─▶ the strike
 *
 * The file is there only while the harness wants a strike. Whoever comes to the point with a context that fits renames
 * it, so that one process alone is struck.
 */

/** What happens to the process that comes to a point. */
export interface Strike {
  /** SIGKILL, SIGSTOP, an event loop that is busy, or a wait. */
  action: 'kill' | 'stop' | 'block' | 'delay'
  /** How long `block` and `delay` take; with `kill` and `stop`: how long after the point. */
  ms?: number
  /** Only where each of these ids is in the context. */
  match?: Context
  /** How many fitting visits of one process are let by before. */
  skip?: number
  /** Everybody who comes is struck, not only the first. */
  keep?: true
}

/** Ids of what is under way, such as `sessionId`. A list where one statement serves several. */
export type Context = Readonly<Record<string, string | readonly string[]>>

/** What the struck process leaves behind before it happens: the proof that something was in flight. */
export interface Struck {
  name: string
  pid: number
  at: string
  action: Strike['action']
  context: Context
}

const folder = process.env.AGENTVIEW_FAILPOINTS

/** Whether anything can be struck at all: false but in the harness. Asked first, so that a point costs one look. */
export const armed = folder !== undefined && folder !== ''

const visits = new Map<string, number>()
let strikes = 0

/** Comes to a point: `if (armed) await failpoint('accept.before', { sessionId })`. Kills, stops and blocks at once. */
export async function failpoint(name: string, context: Context): Promise<void> {
  if (!folder) return
  const order = path.join(folder, name)
  const strike = readStrike(order)
  if (!strike || !fits(strike, context) || isLetBy(name, strike)) return
  if (!strike.keep && !take(order)) return
  leaveWord(order, { name, pid: process.pid, at: new Date().toISOString(), action: strike.action, context })
  await act(strike)
}

function readStrike(order: string): Strike | null {
  try {
    // Written by the harness, whole: it renames it into place.
    return JSON.parse(readFileSync(order, 'utf8')) as Strike
  } catch {
    return null
  }
}

function fits({ match = {} }: Strike, context: Context): boolean {
  return Object.entries(match).every(([key, wanted]) =>
    [wanted].flat().every((id) => [context[key]].flat().includes(id)),
  )
}

function isLetBy(name: string, { skip = 0 }: Strike): boolean {
  const visit = (visits.get(name) ?? 0) + 1
  visits.set(name, visit)
  return visit <= skip
}

/** False when another process was faster. */
function take(order: string): boolean {
  try {
    renameSync(order, `${order}.taken`)
    return true
  } catch {
    return false
  }
}

function leaveWord(order: string, struck: Struck): void {
  const file = `${order}.struck-${process.pid}-${++strikes}`
  writeFileSync(`${file}.new`, JSON.stringify(struck))
  renameSync(`${file}.new`, file)
}

async function act({ action, ms = 0 }: Strike): Promise<void> {
  if (action === 'block') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    return
  }
  if (ms > 0) await sleep(ms)
  if (action === 'delay') return
  process.kill(process.pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP')
}
