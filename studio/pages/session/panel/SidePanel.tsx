import { Tabs } from '@base-ui/react/tabs'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { IconButton } from '../../../ui/Button.tsx'
import { PANELS, type Panel } from '../sessionPlace.ts'

const TITLES: Record<Panel, string> = { details: 'Details', runs: 'Turns', comments: 'Comments' }

/** What stands beside a conversation. */
export function SidePanel({
  panel,
  onChange,
  onClose,
  counts,
  children,
}: {
  panel: Panel
  onChange: (panel: Panel) => void
  onClose?: (() => void) | undefined
  counts: Partial<Record<Panel, number>>
  children: Record<Panel, ReactNode>
}) {
  return (
    <Tabs.Root
      value={panel}
      onValueChange={(next) => onChange(PANELS.find((each) => each === next) ?? 'details')}
      className="flex h-full min-h-0 flex-col"
    >
      <div className="flex h-11 shrink-0 items-center gap-1 border-b border-line px-2">
        <Tabs.List className="flex flex-1 gap-1">
          {PANELS.map((each) => (
            <Tabs.Tab
              key={each}
              value={each}
              className="h-7 rounded-md px-2 text-xs font-medium text-muted hover:bg-hover data-active:bg-accent-soft data-active:text-accent"
            >
              {TITLES[each]}
              {(counts[each] ?? 0) > 0 && <span className="ml-1 text-faint">{counts[each]}</span>}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {onClose && (
          <IconButton label="Close the panel" onClick={onClose}>
            <X className="size-4" />
          </IconButton>
        )}
      </div>
      {PANELS.map((each) => (
        <Tabs.Panel key={each} value={each} className="min-h-0 flex-1 overflow-y-auto">
          {each === panel && children[each]}
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  )
}
