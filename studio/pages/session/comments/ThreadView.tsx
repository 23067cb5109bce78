import { useState } from 'react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Check, CornerDownRight, RotateCcw } from 'lucide-react'
import { resolveComment, takeComment } from '../../../api/discussion.ts'
import { useMay } from '../../../app/memberContext.ts'
import { Button } from '../../../ui/Button.tsx'
import { classes } from '../../../ui/classes.ts'
import { sayFailed } from '../../../ui/toasts.tsx'
import { CommentBox } from './CommentBox.tsx'
import { CommentView } from './CommentView.tsx'
import type { Thread } from './threads.ts'
import { useSendComment } from './useSendComment.ts'

/** A comment and its answers; whoever may comment may answer and resolve it. */
export function ThreadView({
  thread,
  selected,
  onShowItem,
}: {
  thread: Thread
  selected: boolean
  onShowItem: (itemId: string) => void
}) {
  const { root, replies } = thread
  const [replying, setReplying] = useState(false)
  const client = useQueryClient()
  const may = useMay('createComment')
  const send = useSendComment(root.sessionId)
  const resolve = useMutation({
    mutationFn: (resolved: boolean) => resolveComment(root.id, resolved),
    onSuccess: (comment) => takeComment(client, comment),
    onError: (error) => sayFailed('The thread was not changed', error),
  })
  const resolved = root.resolvedAt !== undefined
  return (
    <div
      role="group"
      aria-label={`Thread of ${root.author.name}`}
      className={classes('grid gap-3 border-b border-line px-4 py-3', selected && 'bg-accent-soft/50')}
    >
      {root.itemId && (
        <button
          type="button"
          onClick={() => onShowItem(root.itemId!)}
          className="flex w-fit items-center gap-1 rounded text-xs text-accent hover:underline"
        >
          <CornerDownRight aria-hidden className="size-3.5" /> on an item
        </button>
      )}
      {[root, ...replies].map((comment) => (
        <CommentView key={comment.id} comment={comment} />
      ))}
      {may && replying && (
        <CommentBox
          draftKey={`reply ${root.id}`}
          label="Write an answer"
          action="Answer"
          autoFocus
          onSend={async (body, mentions) => {
            await send({ body, mentions, threadId: root.id })
            setReplying(false)
          }}
          onCancel={() => setReplying(false)}
        />
      )}
      {may && !replying && (
        <div className="flex items-center gap-1 pl-8">
          <Button size="small" look="quiet" className="-ml-2" onClick={() => setReplying(true)}>
            Answer
          </Button>
          <Button
            size="small"
            look="quiet"
            busy={resolve.isPending}
            icon={resolved ? <RotateCcw className="size-3.5" /> : <Check className="size-3.5" />}
            onClick={() => resolve.mutate(!resolved)}
          >
            {resolved ? 'Open again' : 'Resolve'}
          </Button>
        </div>
      )}
    </div>
  )
}
