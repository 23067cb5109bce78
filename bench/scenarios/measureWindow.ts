import { setTimeout as sleep } from 'node:timers/promises'
import type { LoopWindow } from '../load/latencyWindow.ts'
import { type Meter, type Use, useBetween } from '../measure/meter.ts'
import { type RedisUse, redisUse } from '../measure/redisCounters.ts'

/** A process that sends one message after another in so many sessions, and counts between open and close. */
export interface ClosedLoopProcess {
  ask(name: 'begin' | 'open' | 'pause'): Promise<void>
  ask(name: 'close'): Promise<LoopWindow>
}

export interface WindowSetting {
  /** Before it counts: caches, plans and compiled code are those of a process that has worked for a while. */
  warmUpSeconds: number
  seconds: number
}

/** A window in which a loop ran evenly, and what it has cost. */
export interface MeasuredWindow {
  window: LoopWindow
  use: Use
  redis: RedisUse
}

/** How long it is watched who sends what to Redis, once the window is closed. */
const SENDERS_MS = 1_000

export async function measureWindow(
  loop: ClosedLoopProcess,
  meter: Meter,
  { warmUpSeconds, seconds }: WindowSetting,
): Promise<MeasuredWindow> {
  await loop.ask('begin')
  await sleep(warmUpSeconds * 1_000)
  const before = await meter.read()
  await loop.ask('open')
  await sleep(seconds * 1_000)
  const window = await loop.ask('close')
  const after = await meter.read()
  const senders = await meter.sampleSenders(SENDERS_MS)
  await loop.ask('pause')
  return { window, use: useBetween(before, after), redis: redisUse(before.redis, after.redis, senders) }
}
