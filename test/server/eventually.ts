import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is something; what never comes is ended by Jest's timeout. */
export async function eventually<T>(ask: () => T | Promise<T>): Promise<Exclude<T, false | null | undefined>> {
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== null && answer !== undefined)
      return answer as Exclude<T, false | null | undefined>
    await sleep(10)
  }
}

/** Holds a list that grows, and wakes who waits for it to be as wanted. */
export interface Growing<T> {
  readonly all: T[]
  add(entry: T): void
  /** Nothing more comes. */
  finish(): void
  /** Resolves once `done` says so; rejects when the list is finished before. */
  until(done: (all: readonly T[]) => boolean): Promise<T[]>
  readonly finished: Promise<void>
}

export function growing<T>(): Growing<T> {
  const all: T[] = []
  const waiters = new Set<() => void>()
  const { promise: finished, resolve: end } = settleable()
  let over = false
  const wake = () => {
    for (const waiter of [...waiters]) waiter()
  }
  return {
    all,
    finished,
    add(entry) {
      all.push(entry)
      wake()
    },
    finish() {
      over = true
      end()
      wake()
    },
    until: (done) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!done(all) && !over) return
          waiters.delete(look)
          if (done(all)) resolve(all)
          else
            reject(new Error(`it ended before what was waited for: ${JSON.stringify(all.slice(-5)).slice(0, 2_000)}`))
        }
        waiters.add(look)
        look()
      }),
  }
}

export function settleable(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
