import { type Logger, pino } from 'pino'

/** Told of an error. All else stays out: Postgres' `detail` quotes rows, ioredis' `command` carries what was sent. */
const TOLD = ['code', 'errno', 'syscall', 'address', 'port', 'severity', 'schema', 'table', 'constraint', 'routine']
const MOST_CAUSES = 4

/** An error as it may stand in a log: its kind, message, stack and codes, and the same of its causes. */
export function errorWithoutData(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error }
  const told = Object.entries(error).filter(([name]) => TOLD.includes(name))
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...Object.fromEntries(told),
    ...(error.cause !== undefined && depth < MOST_CAUSES && { cause: errorWithoutData(error.cause, depth + 1) }),
  }
}

/** The log of a process. Messages, tokens and keys must never be in it: what goes beside a text is ids and `err`. */
export function createLogger(level: string, base: Record<string, string>): Logger {
  return pino({ level, base, serializers: { err: (error: unknown) => errorWithoutData(error) } })
}
