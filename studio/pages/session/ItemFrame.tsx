import { type ReactNode, useState } from 'react'
import { Braces, Copy, Ellipsis, Link as LinkIcon, MessageSquare, MessageSquarePlus } from 'lucide-react'
import type { Run } from '@shared/domain/objects'
import { IconButton } from '../../ui/Button.tsx'
import { classes } from '../../ui/classes.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { JsonView } from '../../ui/JsonView.tsx'
import { Menu, MenuItem } from '../../ui/Menu.tsx'
import { copyText } from '../../ui/copyText.ts'
import { ItemScores } from './scores/ItemScores.tsx'
import type { ItemRow } from './RowView.tsx'
import type { ItemActions } from './itemActions.ts'

/** Around an item: its scores, its threads, and what can be done with it. */
export function ItemFrame({
  row,
  run,
  selected,
  actions,
  children,
}: {
  row: ItemRow
  run: Run | undefined
  selected: boolean
  actions: ItemActions
  children: ReactNode
}) {
  const [raw, setRaw] = useState(false)
  const { item } = row
  const threads = actions.threads.get(item.id) ?? 0
  const scores = actions.scores.get(item.id) ?? []
  const hasFoot = threads > 0 || scores.length > 0 || item.kind === 'output'
  return (
    <article
      aria-label={`Item ${item.runNo}.${item.itemNo}`}
      aria-current={selected || undefined}
      data-item={item.id}
      // A finger can't hover: a tap shows what can be done.
      onPointerUp={(event) => event.pointerType === 'touch' && actions.onSelect(item.id)}
      className={classes(
        'group/item relative grid min-w-0 gap-1 rounded-lg',
        selected && 'outline-2 outline-offset-6 outline-accent',
      )}
    >
      {children}
      {hasFoot && (
        <div className="flex min-h-7 flex-wrap items-center gap-1">
          <ItemScores agent={actions.agent} run={run} item={item} scores={scores} />
          {threads > 0 && (
            <button
              type="button"
              onClick={() => actions.onComment(item.id)}
              className="inline-flex h-6 items-center gap-1 rounded-md bg-warn-soft px-1.5 text-xs font-medium text-warn"
            >
              <MessageSquare aria-hidden className="size-3.5" />
              {threads} {threads === 1 ? 'thread' : 'threads'}
            </button>
          )}
        </div>
      )}
      <span
        className={classes(
          'item-actions popup absolute right-1 -bottom-4 z-10 flex items-center !rounded-lg p-0.5',
          selected && 'is-shown',
        )}
      >
        {actions.mayComment && (
          <IconButton label="Comment on this item" className="size-6" onClick={() => actions.onComment(item.id)}>
            <MessageSquarePlus className="size-3.5" />
          </IconButton>
        )}
        <Menu
          align="end"
          trigger={
            <IconButton label="More about this item" className="size-6">
              <Ellipsis className="size-3.5" />
            </IconButton>
          }
        >
          <MenuItem
            icon={<LinkIcon className="size-4 text-muted" />}
            onSelect={() => copyLink(actions.sessionId, item.id)}
          >
            Copy link
          </MenuItem>
          {'text' in row && (
            <MenuItem icon={<Copy className="size-4 text-muted" />} onSelect={() => copyText(row.text, 'Text copied')}>
              Copy text
            </MenuItem>
          )}
          <MenuItem icon={<Braces className="size-4 text-muted" />} onSelect={() => setRaw(true)}>
            Raw JSON
          </MenuItem>
        </Menu>
      </span>
      <Dialog open={raw} onClose={() => setRaw(false)} title="Raw JSON" description={item.id} className="w-[44rem]">
        <JsonView value={item} label="The item" />
        {row.kind === 'call' && row.result && <JsonView value={row.result} label="Its result" />}
      </Dialog>
    </article>
  )
}

function copyLink(sessionId: string, itemId: string): void {
  copyText(`${location.origin}/studio/sessions/${sessionId}?item=${itemId}`, 'Link copied')
}
