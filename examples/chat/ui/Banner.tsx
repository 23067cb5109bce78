import type { ChatState } from '../core/state.ts'
import { CloseIcon } from './icons.tsx'

/** What stands in the way (no connection) or has happened to the conversation (it is gone, say). */
export function Banner({ state, onDismiss }: { state: ChatState; onDismiss(): void }) {
  return (
    <>
      {state.connection === 'offline' && (
        <div className="banner" data-tone="warning" role="status">
          <span className="spinner" aria-hidden="true" />
          <p>
            {state.problem ?? 'The connection is lost. Trying again…'} {waiting(state)}
          </p>
        </div>
      )}
      {state.notice && (
        <div className="banner" role="status">
          <p>{state.notice}</p>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={onDismiss}>
            <CloseIcon />
          </button>
        </div>
      )}
    </>
  )
}

function waiting({ outbox }: ChatState): string {
  const unsent = outbox.filter(({ accepted, refused }) => !accepted && !refused).length
  if (unsent === 0) return ''
  return unsent === 1 ? 'Your message will be sent then.' : `Your ${unsent} messages will be sent then, in order.`
}
