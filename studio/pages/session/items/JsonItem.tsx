import { Braces } from 'lucide-react'
import type { Item } from '@shared/domain/objects'
import { JsonView } from '../../../ui/JsonView.tsx'

/** An item of a kind that Studio doesn't know. */
export function JsonItem({ item }: { item: Item }) {
  const type = typeof item.data.type === 'string' ? item.data.type : item.kind
  return (
    <div className="grid min-w-0 gap-1.5 rounded-lg border border-line bg-raised p-3">
      <p className="flex items-center gap-2 text-xs font-medium">
        <Braces aria-hidden className="size-3.5 text-muted" />
        <span className="truncate font-mono">{type}</span>
      </p>
      <JsonView value={item.data} label={type} />
    </div>
  )
}
