/**
 * True when a statement failed because Postgres could not be reached or was going away: it may have been committed or
 * not, and the same statement may succeed later. False for what Postgres refuses because of what the statement says.
 * SQLSTATE classes: 08 connection, 53 resources, 57 operator intervention, 40 rollback. No SQLSTATE: the socket broke.
 */
export function isConnectionTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|53|57|40)/.test(code)
}

/** True when Postgres refused a statement for what it says: trying it again would only fail again. */
export function isRefusedStatement(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && !isConnectionTrouble(error)
}
