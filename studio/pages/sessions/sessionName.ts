import type { SessionRow } from '../../api/objects.ts'

/** What a person calls a session: its title, else how it began, else its handle. */
export function sessionName({ title, preview, handle }: Pick<SessionRow, 'title' | 'preview' | 'handle'>): string {
  return title || preview || handle
}

export function endUserName({ externalId, anonymous, id }: SessionRow['endUser']): string {
  return externalId ?? (anonymous ? `anonymous ${id.slice(-6)}` : id)
}
