import { useState } from 'react'
import { useMay } from '../../../app/memberContext.ts'
import { Button } from '../../../ui/Button.tsx'
import { CommentBox } from './CommentBox.tsx'
import { ThreadView } from './ThreadView.tsx'
import type { Thread } from './threads.ts'
import { useSendComment } from './useSendComment.ts'

interface Props {
  sessionId: string
  threads: readonly Thread[]
  /** The item that is looked at: a new comment goes to it. */
  itemId: string | undefined
  /** Changes each time somebody asks to write. */
  writing: number
  onShowItem: (itemId: string | undefined) => void
}

/** All threads of a session; those of the selected item first. */
export function CommentsPanel({ sessionId, threads, itemId, writing, onShowItem }: Props) {
  const [showResolved, setShowResolved] = useState(false)
  const may = useMay('createComment')
  const send = useSendComment(sessionId)
  const open = threads.filter(({ root }) => root.resolvedAt === undefined)
  const shown = showResolved ? threads : open
  const isSelected = ({ root }: Thread) => itemId !== undefined && root.itemId === itemId
  const ordered = [...shown.filter(isSelected), ...shown.filter((thread) => !isSelected(thread))]
  const resolvedCount = threads.length - open.length
  return (
    <div className="grid">
      {may && (
        <div className="grid gap-2 border-b border-line p-4">
          {itemId && (
            <p className="flex items-center justify-between text-xs text-muted">
              On the selected item
              <button
                type="button"
                className="rounded text-accent hover:underline"
                onClick={() => onShowItem(undefined)}
              >
                On the session instead
              </button>
            </p>
          )}
          <CommentBox
            key={`${itemId} ${writing}`}
            draftKey={`comment ${sessionId} ${itemId ?? ''}`}
            label="Write a comment, @ names somebody"
            action="Comment"
            autoFocus={writing > 0}
            onSend={(body, mentions) => send({ body, mentions, ...(itemId && { itemId }) })}
          />
        </div>
      )}
      {ordered.map((thread) => (
        <ThreadView key={thread.root.id} thread={thread} selected={isSelected(thread)} onShowItem={onShowItem} />
      ))}
      {ordered.length === 0 && (
        <p className="p-4 text-muted">
          {may
            ? 'Nobody has commented yet. Point at an item and press c to comment on it.'
            : 'Nobody has commented yet.'}
        </p>
      )}
      {resolvedCount > 0 && (
        <Button look="quiet" size="small" className="m-3" onClick={() => setShowResolved(!showResolved)}>
          {showResolved ? 'Hide resolved threads' : `Show ${resolvedCount} resolved`}
        </Button>
      )}
    </div>
  )
}
