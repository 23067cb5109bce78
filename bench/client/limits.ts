/** Every interval of the replay, each with what it bounds. Milliseconds unless said. */
export const limits = {
  /** How long a server may be away before a replay gives up: longer than any restart, shorter than a person's patience. */
  outage: 60_000,
  /** How long rate limits may hold up one call before that is a failure. */
  rateLimited: 600_000,
  /** One request that is not a stream. A hung server is then asked again under the same key. */
  request: 30_000,
  /** From the acceptance of a message to the end of its run: several lost workers (lease 15 s each) and a full queue. */
  turn: 120_000,
  /** A stream without a byte for this long is dead: the server's heartbeat is 15 s. */
  silence: 40_000,
  /** How long the reader may take to what `GET /v1/sessions/:id` says is the last event. */
  catchUp: 10_000,
  /** So many conversations that can't be played, and the rest is not tried: each may take `outage` or `turn`. */
  failures: 20,
  /** Waits between two tries: from the first up to the second. */
  backoffFirst: 50,
  backoffMost: 2_000,
} as const

/** The wait before try number `failures + 1`: doubling, with half of it left to chance so that clients spread out. */
export function backoff(failures: number, random: number = Math.random()): number {
  const full = Math.min(limits.backoffFirst * 2 ** (failures - 1), limits.backoffMost)
  return full * (1 - random / 2)
}
