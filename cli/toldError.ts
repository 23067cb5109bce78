/** What of an error is logged. */
export interface ToldError {
  type: string
  message: string
  code?: string
  /** Of Postgres: where in the schema it was. */
  about?: string
  at?: string
  cause?: ToldError | string
}

/** Postgres' classes of errors that quote the values at fault: data, constraints, and what functions raise. */
const QUOTES_VALUES = /^(22|23|P0)/
const SQLSTATE = /^[0-9A-Z]{5}$/
const PLACES = ['table', 'column', 'constraint', 'routine'] as const
const DEEPEST = 4

/**
 * An error as a log line has it: what it is and where it was thrown. Members that libraries add (pg's `detail` holds whole
 * rows, undici's the request) are left out; of a message that quotes what somebody has sent, the quotes are.
 */
export function toldError(error: unknown, depth = 1): ToldError | string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const code: unknown = Reflect.get(error, 'code')
  const isOfPostgres = typeof code === 'string' && SQLSTATE.test(code) && 'severity' in error
  const quotes = error instanceof SyntaxError || (isOfPostgres && QUOTES_VALUES.test(code))
  const about = isOfPostgres ? placeOf(error) : ''
  const at = framesOf(error)
  return {
    type: error.name,
    message: quotes ? withoutQuotes(error.message) : error.message,
    ...((typeof code === 'string' || typeof code === 'number') && { code: String(code) }),
    ...(about !== '' && { about }),
    ...(at !== '' && { at }),
    ...(error.cause !== undefined && depth < DEEPEST && { cause: toldError(error.cause, depth + 1) }),
  }
}

function placeOf(error: Error): string {
  return PLACES.flatMap((name) => {
    const place: unknown = Reflect.get(error, name)
    return typeof place === 'string' ? [`${name} ${place}`] : []
  }).join(', ')
}

/** The stack without the message that stands before it. */
function framesOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}

/** From the first quote to the last: what is quoted may hold quotes. */
function withoutQuotes(message: string): string {
  return message.replace(/["'`«][^]*["'`»]/, '"…"')
}
