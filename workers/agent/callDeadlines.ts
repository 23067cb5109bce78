/** The idle and the total time of something that is under way. */
export interface Deadline {
  /** Its idle time begins anew. */
  alive(): void
  stop(): void
}

interface Watched {
  idleMs: number
  totalAt: number
  aliveAt: number
  onOver: (which: 'idle' | 'total') => void
}

/** Deadlines are moved on with every chunk of an answer: instead of a timer each, one looks at all of them. */
const LOOK_MS = 20

const all = new Set<Watched>()
let timer: NodeJS.Timeout | null = null
let lookAt = Number.POSITIVE_INFINITY

/** Says once when either time is over, within some 20 ms. Doesn't keep the process alive: the connection does. */
export function startDeadline(
  { idleMs, totalMs }: { idleMs: number; totalMs: number },
  onOver: Watched['onOver'],
): Deadline {
  const now = performance.now()
  const watched = { idleMs, totalAt: now + totalMs, aliveAt: now, onOver }
  all.add(watched)
  lookBy(now + Math.min(idleMs, totalMs))
  return {
    alive: () => void (watched.aliveAt = performance.now()),
    stop: () => void all.delete(watched),
  }
}

function lookBy(at: number): void {
  if (lookAt <= at) return
  if (timer) clearTimeout(timer)
  lookAt = at
  timer = setTimeout(look, Math.max(LOOK_MS, at - performance.now())).unref()
}

function look(): void {
  timer = null
  lookAt = Number.POSITIVE_INFINITY
  const now = performance.now()
  let next = Number.POSITIVE_INFINITY
  for (const watched of all) {
    const { aliveAt, idleMs, totalAt, onOver } = watched
    if (aliveAt + idleMs > now && totalAt > now) {
      next = Math.min(next, aliveAt + idleMs, totalAt)
      continue
    }
    all.delete(watched)
    onOver(totalAt > now ? 'idle' : 'total')
  }
  if (next < Number.POSITIVE_INFINITY) lookBy(next)
}
