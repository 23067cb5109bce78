import { useMemo } from 'react'
import { toTurns } from '../core/conversation.ts'
import { stillUnseen } from '../core/outbox.ts'
import type { ChatState } from '../core/state.ts'
import { PendingMessage } from './PendingMessage.tsx'
import { Turn } from './Turn.tsx'
import { DownIcon } from './icons.tsx'
import { useStickToBottom } from './useStickToBottom.ts'

interface Props {
  state: ChatState
  title: string
  onSend(text: string): void
  onSendAgain(idempotencyKey: string): void
  onDiscard(idempotencyKey: string): void
}

export function Transcript({ state, title, onSend, onSendAgain, onDiscard }: Props) {
  const { view, outbox } = state
  const turns = useMemo(() => toTurns(view), [view])
  const pending = useMemo(() => stillUnseen(outbox, view), [outbox, view])
  const { scroller, isAtBottom, scrollToBottom } = useStickToBottom(outbox.length)
  const lastRunId = turns.at(-1)?.runId
  return (
    <main className="scroll-frame">
      {/* Long text is reached by keyboard as well: a scrolling area must take the focus. */}
      <div className="scroll" ref={scroller} tabIndex={0} role="region" aria-label={`Conversation with ${title}`}>
        {state.restoring ? (
          <p className="restoring">Loading the conversation…</p>
        ) : (
          <ol className="turns">
            {turns.map((turn) => (
              <Turn key={turn.runId} turn={turn} title={title} isLast={turn.runId === lastRunId} onSend={onSend} />
            ))}
            {pending.map((message) => (
              <PendingMessage
                key={message.idempotencyKey}
                message={message}
                isOnline={state.connection === 'online'}
                onSendAgain={() => onSendAgain(message.idempotencyKey)}
                onDiscard={() => onDiscard(message.idempotencyKey)}
              />
            ))}
          </ol>
        )}
      </div>
      {!isAtBottom && (
        <button type="button" className="to-bottom" aria-label="To the newest message" onClick={scrollToBottom}>
          <DownIcon />
        </button>
      )}
    </main>
  )
}
