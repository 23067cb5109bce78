import { type FormEvent, useState } from 'react'
import { Bookmark, Trash2 } from 'lucide-react'
import { parseSearch } from '../../app/searchText.ts'
import { Button, IconButton } from '../../ui/Button.tsx'
import { Input } from '../../ui/Field.tsx'
import { Popover } from '../../ui/Popover.tsx'
import { forgetView, saveView, useSavedViews } from './savedViews.ts'
import { type SessionsView, filterCount, readSessionsView } from './sessionsView.ts'

/** Views that everybody needs. */
const STOCK: { name: string; view: SessionsView }[] = [
  { name: 'All sessions', view: {} },
  { name: 'Unread', view: { unread: true } },
  { name: 'Starred', view: { starred: true } },
  { name: 'Failed', view: { status: 'failed' } },
  { name: 'Thumbs down', view: { score: 'feedback=down' } },
  { name: 'Open comments', view: { commented: true } },
]

/** Goes to a view by its name; keeps the present one under a name. */
export function ViewsMenu({ view, onChange }: { view: SessionsView; onChange: (view: SessionsView) => void }) {
  const [open, setOpen] = useState(false)
  const [name, setName] = useState('')
  const saved = useSavedViews()
  const go = (next: SessionsView) => {
    setOpen(false)
    onChange(next)
  }
  const save = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() === '') return
    saveView(name.trim(), view)
    setName('')
    setOpen(false)
  }
  return (
    <Popover
      label="Views"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button size="small" look="quiet" icon={<Bookmark className="size-3.5" />}>
          Views
        </Button>
      }
    >
      <ul className="-m-1 grid">
        {STOCK.map((stock) => (
          <li key={stock.name} className="flex">
            <ViewButton name={stock.name} onClick={() => go(stock.view)} />
          </li>
        ))}
        {saved.map(({ name: savedName, search }) => (
          <li key={savedName} className="flex items-center">
            <ViewButton name={savedName} onClick={() => go(readSessionsView(parseSearch(search)))} />
            <IconButton label={`Forget the view ${savedName}`} onClick={() => forgetView(savedName)}>
              <Trash2 className="size-3.5" />
            </IconButton>
          </li>
        ))}
      </ul>
      {filterCount(view) > 0 && (
        <form onSubmit={save} className="flex gap-2 border-t border-line pt-3">
          <Input
            aria-label="Name of the view"
            placeholder="Keep these filters as…"
            value={name}
            maxLength={60}
            onChange={(event) => setName(event.target.value)}
          />
          <Button type="submit">Save</Button>
        </form>
      )}
    </Popover>
  )
}

function ViewButton({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="h-8 min-w-0 flex-1 truncate rounded-md px-2 text-left hover:bg-hover"
    >
      {name}
    </button>
  )
}
