const SECOND = 1_000

/**
 * The SDK's own intervals in ms. (Those of the server stand in shared/domain/tunables, which no page should load.) Each
 * says what it costs to change it.
 */
export const timing = {
  /** The longest that an answer may take; a connection that hangs is as bad as none. Shorter: slow networks never get through. */
  answer: 20 * SECOND,
  /** A stream without even a heartbeat (every 15 s) for so long is dead. Shorter than three of them: busy servers are left. */
  silence: 45 * SECOND,
  /** Until a socket is there. Longer: whoever is behind a proxy that swallows WebSockets waits so long for the fallback. */
  connect: 8 * SECOND,
  /** Pauses between tries, from … to, each up to a half longer by chance. Shorter: a server that comes back is overrun. */
  retryFirst: 300,
  retryMost: 10 * SECOND,
  /** Before what was refused for good is tried once more, e.g. a key that was taken back. */
  retryRefused: 30 * SECOND,
  /** Deltas that come within one frame are shown at once. */
  frame: 16,
  /** How long a tool of the page may take unless it says otherwise. */
  toolTimeout: 120 * SECOND,
  /** A token is renewed after this part of its life. */
  renewAfterPart: 0.8,
  /** But never sooner: a device whose clock is wrong would renew without end. */
  renewSoonest: 5 * SECOND,
  /** What one tab has written to the storage reaches the others a moment later. */
  storageSettles: 100,
  /** A tab that was closed while it held a lock of the storage keeps the others waiting for so long. */
  storageLockLasts: 10 * SECOND,
} as const

/** How often a command (cancel, resume, feedback …) is tried before its caller hears that there is no network. */
export const COMMAND_TRIES = 5

/** How often the server may fail at one message (500) before that is told and the next one is sent. */
export const FAULTS_OF_ONE_MESSAGE = 10

/** Items of a page of older ones: the most that a list gives at once. */
export const OLDER_PAGE = 200

/** What a session is loaded with; as many mean that there may be older ones. */
export const LOADED_ITEMS = 200

/** The pause before the next try after so many failures, with chance in it so that not all come back at once. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const pause = Math.min(timing.retryFirst * 2 ** Math.max(0, failures - 1), timing.retryMost)
  return pause * (1 + random() / 2)
}

/** Resolves after a time, or at once when the signal fires. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done)
  })
}
