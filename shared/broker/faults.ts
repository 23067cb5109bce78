/** Told of what went wrong where nobody waits for an answer. */
export type OnError = (error: Error, where: string) => void

/** How long an error that is met again and again is reported only once. */
const QUIET_MS = 5_000
/** Errors told apart at most; a flood of different ones forgets the oldest. */
const KNOWN_ERRORS = 100

/** An error whose text may be shown and logged: those of ioredis carry the command, i.e. passwords and messages. */
export function plainError(error: unknown, prefix = ''): Error {
  const { message, code } = error as { message?: string; code?: string }
  return new Error(prefix + (message || code || String(error)).replaceAll(/\s+/g, ' '))
}

/** Passes errors on without what must not be logged, and a repeated one only every few seconds: outages repeat them. */
export function createReporter(onError: OnError): (error: unknown, where: string) => void {
  const reported = new Map<string, number>()
  return (error, where) => {
    const plain = plainError(error)
    const key = `${where} ${plain.message}`
    const now = performance.now()
    if (now - (reported.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return
    reported.delete(key)
    reported.set(key, now)
    for (const oldest of reported.keys()) {
      if (reported.size <= KNOWN_ERRORS) break
      reported.delete(oldest)
    }
    onError(plain, where)
  }
}

/** One line for a start that failed: what happened and what to do, without the address' password. */
export function unreachable(service: string, variable: string, url: URL, cause: unknown): Error {
  const place = url.host + url.pathname.replace(/\/$/, '')
  return new Error(
    `${service} at ${place || 'its address'} does not answer: ${plainError(cause).message}. Start it there or correct ${variable}.`,
  )
}

/** The address in one of these schemes; the error doesn't repeat it, for it may hold a password. */
export function parseAddress(address: string, schemes: readonly string[], variable: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url && schemes.includes(url.protocol)) return url
  throw new Error(`${variable} is not an address like ${schemes[0]}//host:port: correct it.`)
}
