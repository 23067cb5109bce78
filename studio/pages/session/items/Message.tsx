import type { Item } from '@shared/domain/objects'
import { classes } from '../../../ui/classes.ts'
import { Text } from './Text.tsx'

/** What was said: the end user's words on the right, the agent's as text. */
export function Message({ role, text, item }: { role: string; text: string; item: Item }) {
  const isUser = role === 'user'
  const streaming = item.status === 'streaming'
  return (
    <div
      data-role={role}
      className={classes(
        'min-w-0 text-base',
        isUser && 'ml-auto w-fit max-w-[85%] rounded-2xl rounded-br-md bg-accent-soft px-3.5 py-2',
      )}
    >
      <span className="sr-only">{isUser ? 'End user: ' : `${role}: `}</span>
      {!isUser && role !== 'assistant' && <p className="pb-1 text-xs text-faint">{role}</p>}
      {text === '' && !streaming ? <em className="text-faint">No text</em> : <Text text={text} />}
      {streaming && <span className="caret" aria-hidden />}
      {item.status === 'incomplete' && <p className="pt-1 text-xs text-faint">Cut short</p>}
    </div>
  )
}
