import { useState } from 'react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Ellipsis, Pencil, Trash2 } from 'lucide-react'
import { deleteComment, discussionKeys, editComment, revisionsQuery, takeComment } from '../../../api/discussion.ts'
import { membersQuery } from '../../../api/members.ts'
import type { Comment } from '../../../api/objects.ts'
import { useMay, useMember } from '../../../app/memberContext.ts'
import { Avatar } from '../../../ui/Avatar.tsx'
import { IconButton } from '../../../ui/Button.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { ErrorView } from '../../../ui/ErrorView.tsx'
import { Menu, MenuItem } from '../../../ui/Menu.tsx'
import { Time } from '../../../ui/Time.tsx'
import { classes } from '../../../ui/classes.ts'
import { sayFailed } from '../../../ui/toasts.tsx'
import { CommentBox } from './CommentBox.tsx'
import { splitMentions } from './mentions.ts'

/** A comment: who, when, what; one's own can be changed and deleted. */
export function CommentView({ comment }: { comment: Comment }) {
  const [editing, setEditing] = useState(false)
  const [history, setHistory] = useState(false)
  const client = useQueryClient()
  const edit = async (body: string, mentions: string[]) => {
    try {
      takeComment(client, await editComment(comment.id, { body, mentions }))
      setEditing(false)
    } catch (error) {
      sayFailed('The comment was not changed', error)
      throw error
    }
  }
  if (comment.deletedAt) return <p className="text-xs text-faint italic">{comment.author.name} deleted this comment.</p>
  return (
    <article
      className="group/comment grid grid-cols-[1.5rem_1fr] gap-x-2.5"
      aria-label={`Comment of ${comment.author.name}`}
    >
      <Avatar name={comment.author.name} />
      <div className="grid min-w-0 gap-0.5">
        <header className="flex min-h-6 items-center gap-2">
          <span className="truncate font-medium">{comment.author.name}</span>
          <Time at={comment.createdAt} className="shrink-0 text-xs text-faint" />
          {comment.editedAt && (
            <button
              type="button"
              onClick={() => setHistory(true)}
              className="shrink-0 rounded text-xs text-faint underline-offset-2 hover:underline"
            >
              edited
            </button>
          )}
          <Actions comment={comment} onEdit={() => setEditing(true)} />
        </header>
        {editing ? (
          <CommentBox
            draftKey={`edit ${comment.id}`}
            label="Change the comment"
            action="Save"
            initial={comment.body}
            autoFocus
            onSend={edit}
            onCancel={() => setEditing(false)}
          />
        ) : (
          <Body comment={comment} />
        )}
      </div>
      {history && <History comment={comment} onClose={() => setHistory(false)} />}
    </article>
  )
}

/** Text as it was written; the names of those who were mentioned stand out, one's own most. */
function Body({ comment }: { comment: Comment }) {
  const me = useMember()
  const members = useQuery(membersQuery).data ?? []
  const mentioned = members.filter(({ id }) => comment.mentions.includes(id))
  return (
    <p className="[overflow-wrap:anywhere] whitespace-pre-wrap">
      {splitMentions(comment.body, mentioned).map(({ text, member }, index) =>
        member ? (
          <span
            key={index}
            className={classes('rounded px-0.5 font-medium text-accent', member.id === me.id && 'bg-accent-soft')}
          >
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </p>
  )
}

function Actions({ comment, onEdit }: { comment: Comment; onEdit: () => void }) {
  const me = useMember()
  const client = useQueryClient()
  const mayEdit = useMay('editComment') && comment.author.id === me.id
  const isAdmin = useMay('removeMember')
  const mayDelete = mayEdit || isAdmin
  const remove = useMutation({
    mutationFn: () => deleteComment(comment.id),
    onSuccess: () => client.invalidateQueries({ queryKey: discussionKeys.comments(comment.sessionId) }),
    onError: (error) => sayFailed('The comment was not deleted', error),
  })
  if (!mayEdit && !mayDelete) return null
  return (
    <span className="ml-auto pointer-fine:opacity-0 group-focus-within/comment:opacity-100 group-hover/comment:opacity-100">
      <Menu
        align="end"
        trigger={
          <IconButton label="Change or delete" className="-my-0.5">
            <Ellipsis className="size-4" />
          </IconButton>
        }
      >
        {mayEdit && (
          <MenuItem icon={<Pencil className="size-4 text-muted" />} onSelect={onEdit}>
            Edit
          </MenuItem>
        )}
        <MenuItem danger icon={<Trash2 className="size-4" />} onSelect={() => remove.mutate()}>
          Delete
        </MenuItem>
      </Menu>
    </span>
  )
}

function History({ comment, onClose }: { comment: Comment; onClose: () => void }) {
  const revisions = useQuery(revisionsQuery(comment.id, comment.change))
  return (
    <Dialog open onClose={onClose} title="What it was before">
      {revisions.error && <ErrorView error={revisions.error} what="The history could not be read" />}
      <ol className="grid gap-3">
        {revisions.data?.data.map(({ body, at }) => (
          <li key={at} className="grid gap-1 border-l-2 border-line-strong pl-3">
            <Time at={at} className="text-xs text-faint" />
            <p className="[overflow-wrap:anywhere] whitespace-pre-wrap">{body}</p>
          </li>
        ))}
      </ol>
    </Dialog>
  )
}
