import { memo } from 'react'
import type { RunStatus } from '@shared/domain/objects'
import type { Entry, Turn as TurnOf } from '../core/conversation.ts'
import { Avatar } from './Header.tsx'
import { JsonBlock } from './JsonBlock.tsx'
import { ToolCard } from './ToolCard.tsx'
import { TurnStatus } from './TurnStatus.tsx'

interface Props {
  turn: TurnOf
  title: string
  isLast: boolean
  onSend(text: string): void
}

/** One turn: what the user said, then everything that the agent did and said about it. */
export function Turn({ turn, title, isLast, onSend }: Props) {
  const said = turn.entries.filter(isOfUser)
  const answered = turn.entries.filter((entry) => !isOfUser(entry))
  const hasAnswer = answered.length > 0 || turn.status !== null
  return (
    <li className="turn">
      {said.map((entry) => (
        <EntryView key={keyOf(entry)} entry={entry} runStatus={undefined} />
      ))}
      {hasAnswer && (
        <div className="answer">
          <Avatar title={title} />
          <div className="answer-body">
            <p className="visually-hidden">{title}:</p>
            {answered.map((entry) => (
              <EntryView key={keyOf(entry)} entry={entry} runStatus={turn.run?.status} />
            ))}
            {turn.status && (
              <TurnStatus status={turn.status} runId={turn.runId} title={title} isLast={isLast} onSend={onSend} />
            )}
          </div>
        </div>
      )}
    </li>
  )
}

function isOfUser(entry: Entry): boolean {
  return entry.kind === 'message' ? entry.role === 'user' : entry.kind === 'json' && entry.item.kind === 'input'
}

function keyOf(entry: Entry): string {
  return entry.kind === 'tool' ? `tool ${entry.call?.id ?? entry.result?.id}` : entry.item.id
}

function EntryView({ entry, runStatus }: { entry: Entry; runStatus: RunStatus | undefined }) {
  if (entry.kind === 'tool') return <ToolCard {...entry} isLive={runStatus === 'running'} />
  if (entry.kind === 'json') return <JsonBlock item={entry.item} />
  const { item, role, text } = entry
  // That a stopped answer is cut short goes without saying.
  const isCutShort = item.status === 'incomplete' && runStatus !== 'cancelled'
  return <Message role={role} text={text} isStreaming={item.status === 'streaming'} isCutShort={isCutShort} />
}

/** Text is rendered as text: what an agent or a user writes can never become part of the page. */
const Message = memo(function Message(props: {
  role: string
  text: string
  isStreaming: boolean
  isCutShort: boolean
}) {
  const { role, text, isStreaming, isCutShort } = props
  return (
    <div className="message" data-role={role}>
      {role === 'user' && <span className="visually-hidden">You: </span>}
      {text === '' && !isStreaming ? <em className="muted">No text</em> : text}
      {isStreaming && <span className="caret" aria-hidden="true" />}
      {isCutShort && <span className="cut-short"> (cut short)</span>}
    </div>
  )
})
