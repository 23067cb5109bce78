import { isNativeError } from 'node:util/types'

/**
 * What the system says of a connection that could not be made or broke; also Node's own words for a socket that was
 * closed under a write. Broken TLS connections carry no `syscall`, so that the code alone must do.
 */
const SYSTEM_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'],
  ...['EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOENT'],
  ...['ERR_SOCKET_CLOSED', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'],
])

/** What pg and its pool say when they lose, lack or give up a connection; such errors have no code. */
const CLIENT_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed|There was an error establishing an SSL connection|received invalid response)/

/** SQLSTATE classes: 08 connection, 53 resources, 57 operator intervention, 40 rollback. */
const PASSING_STATES = /^(08|53|57|40)/

/**
 * True when a statement failed because Postgres could not be reached or was going away: it may have been committed or
 * not, and the same statement may succeed later. False for what Postgres refuses because of what the statement says, and
 * for faults of ours: tried again, they would only happen again.
 */
export function isConnectionTrouble(error: unknown): boolean {
  if (!isNativeError(error)) return false
  const state = sqlState(error)
  if (state !== null) return PASSING_STATES.test(state)
  return ('code' in error && SYSTEM_CODES.has(String(error.code))) || CLIENT_MESSAGES.test(error.message)
}

/** True when Postgres refused a statement for what it says: trying it again would only fail again. */
export function isRefusedStatement(error: unknown): boolean {
  const state = sqlState(error)
  return state !== null && !PASSING_STATES.test(state)
}

/** The SQLSTATE of what Postgres itself answered (a DatabaseError of pg-protocol, which alone has a severity). */
function sqlState(error: unknown): string | null {
  if (!isNativeError(error) || !('severity' in error) || !('code' in error)) return null
  const { severity, code } = error
  return typeof severity === 'string' && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null
}

/** True when there is a row with this key already. */
export function isDuplicate(error: unknown): boolean {
  return sqlState(error) === '23505'
}
