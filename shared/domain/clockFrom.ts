/**
 * The time by Postgres' clock, told from a moment that Postgres has just dated and what has passed since: a machine's own
 * date may be wrong by minutes, and who gets requests that are signed by such a one refuses them.
 */
export function clockFrom(moment: Date): () => Date {
  const then = moment.getTime()
  const since = performance.now()
  return () => new Date(then + performance.now() - since)
}
