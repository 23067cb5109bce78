import { type Logger, pino } from 'pino'
import { toldError } from './toldError.ts'

/** Members that hold secrets or what people write, at the top of a line and one level below. No line names them today. */
const HIDDEN = ['authorization', 'body', 'cookie', 'data', 'headers', 'input', 'key', 'secret', 'token', 'url']

/** The log of one process, JSON lines on stdout; what people write, their credentials and where webhooks go are not in it. */
export function createLog(level: string, roles: string): Logger {
  return pino({
    level,
    base: { roles },
    redact: { paths: HIDDEN.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
    serializers: { err: toldError },
  })
}
