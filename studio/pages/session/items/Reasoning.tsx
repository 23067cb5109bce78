import { ChevronRight, Lightbulb } from 'lucide-react'
import type { Item } from '@shared/domain/objects'
import { Text } from './Text.tsx'

/** What the agent thought, closed until somebody wants to know. */
export function Reasoning({ text, item }: { text: string; item: Item }) {
  return (
    <details className="group/reasoning min-w-0 rounded-lg border border-dashed border-line-strong">
      <summary className="flex min-h-9 list-none items-center gap-2 rounded-lg px-3 hover:bg-hover [&::-webkit-details-marker]:hidden">
        <ChevronRight
          aria-hidden
          className="size-3.5 shrink-0 text-faint transition-transform group-open/reasoning:rotate-90"
        />
        <Lightbulb aria-hidden className="size-3.5 shrink-0 text-muted" />
        <span className="text-xs font-medium text-muted">
          {item.status === 'streaming' ? 'Thinking…' : 'Reasoning'}
        </span>
        <span className="min-w-0 flex-1 truncate text-xs text-faint group-open/reasoning:hidden">
          {text.slice(0, 200)}
        </span>
      </summary>
      <div className="px-3 pb-3 text-muted">
        <Text text={text} />
      </div>
    </details>
  )
}
