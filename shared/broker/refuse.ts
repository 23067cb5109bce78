/** A service that doesn't let us in at the start: what happened and what to do, without the password of its URL. */
export function unreachable(setting: 'REDIS_URL' | 'DATABASE_URL', url: string, error: unknown): Error {
  const { hostname, port } = new URL(url)
  const service = setting === 'REDIS_URL' ? 'Redis' : 'Postgres'
  const why = error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error)
  const where = port === '' ? hostname : `${hostname}:${port}`
  return new Error(`${setting}: ${service} at ${where} does not answer (${why}). Is it running, and is the address right?`)
}
