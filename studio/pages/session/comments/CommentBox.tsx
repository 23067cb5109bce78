import { type FormEvent, type KeyboardEvent, useId, useRef, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import type { Member } from '../../../api/objects.ts'
import { membersQuery } from '../../../api/members.ts'
import { Avatar } from '../../../ui/Avatar.tsx'
import { Button } from '../../../ui/Button.tsx'
import { TextArea } from '../../../ui/Field.tsx'
import { classes } from '../../../ui/classes.ts'
import { useDraft } from '../../../ui/useDraft.ts'
import { mentionBefore, mentionedIn, suggestMembers } from './mentions.ts'

interface Props {
  /** Whose draft it is. */
  draftKey: string
  label: string
  initial?: string
  autoFocus?: boolean
  action: string
  /** Rejects when it was not sent: the text stays. */
  onSend: (text: string, mentions: string[]) => Promise<unknown>
  onCancel?: () => void
}

/** Where a comment is written; `@` names members. Sent by the button or Ctrl + Enter. */
export function CommentBox({ draftKey, label, initial, autoFocus, action, onSend, onCancel }: Props) {
  const [text, setText, clear] = useDraft(draftKey, initial)
  const [sending, setSending] = useState(false)
  const members = useQuery(membersQuery).data ?? []
  const area = useRef<HTMLTextAreaElement>(null)
  const naming = useNaming(area, text, setText, members)
  const listId = useId()

  const send = async (event?: FormEvent) => {
    event?.preventDefault()
    const body = text.trim()
    if (body === '' || sending) return
    setSending(true)
    await onSend(body, mentionedIn(body, members)).then(clear, () => undefined)
    setSending(false)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (naming.onKeyDown(event)) return
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send()
    if (event.key === 'Escape') onCancel?.()
  }
  return (
    <form onSubmit={(event) => void send(event)} className="relative grid gap-2">
      <TextArea
        ref={area}
        aria-label={label}
        placeholder={label}
        autoFocus={autoFocus}
        rows={text.includes('\n') ? 4 : 2}
        maxLength={10_000}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          naming.look()
        }}
        onKeyDown={onKeyDown}
        onSelect={naming.look}
        onBlur={naming.close}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={listId}
        aria-activedescendant={naming.suggested.length > 0 ? `${listId} ${naming.index}` : undefined}
      />
      <ul
        id={listId}
        role="listbox"
        aria-label="Members"
        hidden={naming.suggested.length === 0}
        className="popup absolute inset-x-0 top-full z-20 -mt-9 max-h-56 overflow-y-auto p-1"
      >
        {naming.suggested.map((member, index) => (
          <li
            key={member.id}
            id={`${listId} ${index}`}
            role="option"
            aria-selected={index === naming.index}
            // Before the field loses its focus.
            onMouseDown={(event) => {
              event.preventDefault()
              naming.choose(member)
            }}
            className={classes(
              'flex min-h-8 cursor-pointer items-center gap-2 rounded-md px-2',
              index === naming.index && 'bg-hover',
            )}
          >
            <Avatar name={member.name} />
            <span className="truncate">{member.name}</span>
            <span className="ml-auto text-xs text-faint">{member.role}</span>
          </li>
        ))}
      </ul>
      <div className="flex justify-end gap-2">
        {onCancel && (
          <Button size="small" look="quiet" onClick={onCancel}>
            Cancel
          </Button>
        )}
        <Button type="submit" size="small" look="primary" busy={sending} disabled={text.trim() === ''}>
          {action}
        </Button>
      </div>
    </form>
  )
}

/** Suggests members while a name is typed. */
function useNaming(
  area: React.RefObject<HTMLTextAreaElement | null>,
  text: string,
  setText: (text: string) => void,
  members: readonly Member[],
) {
  const [at, setAt] = useState<{ from: number; typed: string } | null>(null)
  const [index, setIndex] = useState(0)
  const suggested = at ? suggestMembers(members, at.typed) : []
  const close = () => setAt(null)
  const look = () => {
    const element = area.current
    if (!element) return
    setAt(mentionBefore(element.value, element.selectionStart))
    setIndex(0)
  }
  const choose = (member: Member) => {
    if (!at) return
    const before = `${text.slice(0, at.from)}@${member.name} `
    setText(before + text.slice(at.from + 1 + at.typed.length))
    close()
    requestAnimationFrame(() => area.current?.setSelectionRange(before.length, before.length))
  }
  /** True when the key was for the list. */
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (suggested.length === 0) return false
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const step = steps[event.key]
    const chosen = suggested[index]
    if (step !== undefined) setIndex((index + step + suggested.length) % suggested.length)
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen && !event.ctrlKey && !event.metaKey)
      choose(chosen)
    else if (event.key === 'Escape') close()
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }
  return { suggested, index, look, close, choose, onKeyDown }
}
