/** Every wait of a strike, each with what it bounds. Milliseconds. */
export const patience = {
  /** For an event that the strike is about, such as a run's next attempt: longer than any recovery that is promised. */
  event: 45_000,
  /** For a message's answer, over restarts of the API. */
  outage: 60_000,
  /** One request; then it is sent again under the same key. */
  request: 10_000,
  /** A stream without a byte is dead: the server's heartbeat is 15 s. */
  silence: 20_000,
  /** For all runs to end once everything is well again. */
  settle: 90_000,
  /** For a webhook delivery: a receiver that hangs (15 s), the pause after it (5 s), and a sender's lease (45 s). */
  delivery: 75_000,
  /** For readers to reach the log's end once all runs have ended. */
  catchUp: 60_000,
} as const

/** The promised recoveries (I8). Milliseconds from the fault, or from when a service is back. */
export const bounds = {
  lostDoorbell: 5_000,
  serviceBack: 5_000,
  postWithoutRedis: 300,
  /** Not promised of a node's readers, which come back by themselves: 500 of them, and beside all else on two cores. */
  readersBack: 10_000,
  /** What a process that is asked to end may take beyond what it waits for its runs, whatever is away. */
  terminated: (drainMs: number) => drainMs + 10_000,
  deadWorker: (leaseMs: number) => leaseMs + 3_000,
} as const
