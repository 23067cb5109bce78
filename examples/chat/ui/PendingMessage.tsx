import type { PendingMessage as Pending } from '../core/outbox.ts'

interface Props {
  message: Pending
  isOnline: boolean
  onSendAgain(): void
  onDiscard(): void
}

/** A message on its way: shown at once, marked until the session has it. */
export function PendingMessage({ message, isOnline, onSendAgain, onDiscard }: Props) {
  const { text, accepted, refused } = message
  return (
    <li className="turn">
      <div className="message" data-role="user" data-pending={!accepted}>
        <span className="visually-hidden">You: </span>
        {text}
      </div>
      {refused ? (
        <div className="pending-note" data-tone="error">
          <p>Not sent. {refused.message}</p>
          <button type="button" className="text-button" onClick={onSendAgain}>
            Try again
          </button>
          <button type="button" className="text-button" onClick={onDiscard}>
            Discard
          </button>
        </div>
      ) : (
        !accepted && <p className="pending-note">{isOnline ? 'Sending…' : 'Waits for the connection'}</p>
      )}
    </li>
  )
}
