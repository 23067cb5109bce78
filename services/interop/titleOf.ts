const TITLE_CHARS = 80

/** Clients that name no sessions show one by its first message until it is renamed. */
export function titleOf(message: string): string {
  const line = message.trim().split('\n')[0] ?? ''
  // Half of a character that takes two places can't be stored.
  return line.length <= TITLE_CHARS ? line || '…' : `${line.slice(0, TITLE_CHARS - 1).toWellFormed()}…`
}
