const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long ago, in the fewest words that are still right: "now", "4 min", "3 h", "Mon 14:02", "3 Oct", "3 Oct 2024". */
export function shortTime(at: string, now: number, locale?: string): string {
  const date = new Date(at)
  const age = now - date.getTime()
  if (Number.isNaN(age)) return '–'
  if (age < MINUTE) return 'now'
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`
  if (age < 12 * HOUR) return `${Math.floor(age / HOUR)} h`
  if (age < 6 * DAY) {
    return date.toLocaleString(locale, { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  }
  const sameYear = date.getFullYear() === new Date(now).getFullYear()
  return date.toLocaleDateString(locale, { day: 'numeric', month: 'short', ...(!sameYear && { year: 'numeric' }) })
}

export function exactTime(at: string): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return at
  return date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' })
}

/** A duration as people say it: "340 ms", "2.4 s", "3 min 5 s", "2 h 4 min". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < MINUTE) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / 1_000)} s`
  return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`
}

export function bytes(count: number): string {
  if (count < 1_024) return `${count} B`
  if (count < 1_048_576) return `${(count / 1_024).toFixed(count < 10_240 ? 1 : 0)} KiB`
  return `${(count / 1_048_576).toFixed(1)} MiB`
}
