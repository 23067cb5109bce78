import { useSyncExternalStore } from 'react'
import { exactTime, shortTime } from './formatTime.ts'

/** The minute as it is now; one clock for all that show a time. */
let minute = Math.floor(Date.now() / 60_000)
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    const now = Math.floor(Date.now() / 60_000)
    if (now === minute) return
    minute = now
    for (const each of listeners) each()
  }, 5_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** A time, short ("4 min", "Mon 14:02", "3 Oct"), and exact when asked. */
export function Time({ at, className }: { at: string; className?: string }) {
  useSyncExternalStore(subscribe, () => minute)
  return (
    <time dateTime={at} title={exactTime(at)} className={className}>
      {shortTime(at, Date.now())}
    </time>
  )
}
