/** The broker's own intervals in milliseconds, each with what breaks when it is moved. */
export const intervals = {
  /** What a start waits for its first connection. Shorter fails beside a service that is just coming up. */
  start: 5_000,
  /** What a start waits for the queue's tables. Another process may be making them. */
  migrate: 30_000,
  /** One try to connect. Longer hides the moment in which a network is back. */
  connect: 3_000,
  /** Pauses between tries to connect, from … to. Recovery is promised within 5 s. */
  reconnectFirst: 100,
  reconnectLast: 1_000,
  /** How often an otherwise silent connection is asked, and how long an answer may take: a lost peer sends no goodbye. */
  alive: 5_000,
  /** A queue connection that owes an answer for so long is replaced. Must exceed `longestWait`, a blocking command. */
  silent: 15_000,
  longestWait: 10_000,
  /** A waiting queue worker looks by itself after this: a lost wake-up costs at most so much. */
  drainDelay: 5_000,
  /** A queue worker that met an error tries again after this. BullMQ's 15 s would break the promised recovery. */
  retry: 1_000,
  /** What closing waits for a handler that is under way, and then for connections to say goodbye. */
  closeHandler: 2_000,
  closeConnections: 500,
} as const
