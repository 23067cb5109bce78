import { AgentViewError } from '@shared/domain/errors'

/** A span of time that a list is asked for, as Postgres and ids take it: some sound date-times (a leap second, the year 0) are neither's. */
export function spanOf<Name extends string>(asked: { [Key in Name]?: string | undefined }): {
  [Key in Name]: string | undefined
} {
  const entries = Object.entries<string | undefined>(asked).map(([name, text]) => {
    if (text === undefined) return [name, undefined]
    const time = Date.parse(text)
    if (time >= 0) return [name, new Date(time).toISOString()]
    throw new AgentViewError('invalid_request', `The query is not valid: /${name} must be a time since 1970.`, {
      details: [{ path: `/${name}`, message: 'must be a time since 1970' }],
    })
  })
  // One entry for each that was asked for.
  return Object.fromEntries(entries) as { [Key in Name]: string | undefined }
}
