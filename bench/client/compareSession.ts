import type { SessionView } from '@shared/domain/foldSession'
import type { Item, Session } from '@shared/domain/objects'
import { tunables } from '@shared/domain/tunables'
import { type Difference, difference } from './difference.ts'

/** How what a client has folded differs from what the server says of the session (`GET /v1/sessions/:id`). */
export function compareSession(view: SessionView, session: Session): Difference[] {
  const folded = view.items.slice(-tunables.sessionItems).map(compared)
  const stored = (session.items ?? []).map(compared)
  return [
    ...difference('last event of GET session', view.seq, session.lastSeq),
    ...difference('last run of GET session', view.runs.at(-1)?.status, session.lastRun?.status),
    ...difference('state of GET session', view.state, session.state),
    ...difference('number of items of GET session', folded.length, stored.length),
    ...folded.flatMap((item, index) => difference(`item ${index + 1} of GET session`, item, stored[index])),
  ]
}

function compared({ id, data, status }: Item) {
  return { id, data, status }
}
