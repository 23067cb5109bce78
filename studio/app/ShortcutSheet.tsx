import { Dialog } from '../ui/Dialog.tsx'
import { Checkbox } from '../ui/Field.tsx'
import { Kbd } from '../ui/Kbd.tsx'
import { type Shortcut, setSingleKeys, useActiveShortcuts, useSingleKeys } from '../ui/shortcuts.ts'

/** Every shortcut that holds on this page. */
export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const shortcuts = useActiveShortcuts()
  const singleKeys = useSingleKeys()
  return (
    <Dialog open onClose={onClose} title="Keyboard shortcuts">
      {groups(shortcuts).map(([group, entries]) => (
        <section key={group} className="grid gap-1">
          <h3 className="text-xs font-medium text-faint">{group}</h3>
          <dl className="grid gap-0.5">
            {entries.map(({ keys, label }) => (
              <div key={keys} className="flex min-h-7 items-center justify-between gap-4">
                <dt>{label}</dt>
                <dd className="flex gap-1">
                  {keys.split(' ').map((key) => (
                    <Kbd key={key}>{keyName(key)}</Kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <Checkbox
        label="Single keys are shortcuts"
        checked={singleKeys}
        onChange={(event) => setSingleKeys(event.target.checked)}
        className="border-t border-line pt-3"
      />
    </Dialog>
  )
}

/** In the order in which groups come; a shortcut that is given twice is listed once. */
function groups(shortcuts: readonly Shortcut[]): [string, Shortcut[]][] {
  const found = new Map<string, Map<string, Shortcut>>()
  for (const shortcut of shortcuts) {
    const entries = found.get(shortcut.group) ?? new Map<string, Shortcut>()
    if (!entries.has(shortcut.keys)) entries.set(shortcut.keys, shortcut)
    found.set(shortcut.group, entries)
  }
  return [...found].map(([group, entries]) => [group, [...entries.values()]])
}

const NAMES: Record<string, string> = {
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Enter: '↵',
}

function keyName(key: string): string {
  if (!key.startsWith('mod+')) return NAMES[key] ?? key
  const mac = /mac|iphone|ipad/i.test(navigator.userAgent)
  return `${mac ? '⌘' : 'Ctrl '}${key.slice(4).toUpperCase()}`
}
