import { Suspense, lazy, useEffect, useState } from 'react'
import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon, Search } from 'lucide-react'
import { IconButton } from '../ui/Button.tsx'
import { Drawer } from '../ui/Dialog.tsx'
import { Mark } from '../ui/Mark.tsx'
import { useShortcuts } from '../ui/shortcuts.ts'
import { Sidebar } from './Sidebar.tsx'
import { useInboxStream } from './useInboxStream.ts'

const CommandPalette = lazy(() => import('./CommandPalette.tsx').then((module) => ({ default: module.CommandPalette })))
const ShortcutSheet = lazy(() => import('./ShortcutSheet.tsx').then((module) => ({ default: module.ShortcutSheet })))

/** What stands around every page: the sidebar (a drawer on a phone), the command palette, the shortcuts. */
export function Shell() {
  const [over, setOver] = useState<'palette' | 'sheet' | 'menu' | null>(null)
  const path = useRouterState({ select: (state) => state.location.pathname })
  useEffect(() => setOver(null), [path])
  const close = () => setOver(null)
  useGlobalShortcuts(setOver)
  useInboxStream()
  return (
    <div className="flex h-dvh flex-col md:flex-row">
      <a
        href="#main"
        className="absolute top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent-fill px-3 py-2 text-on-accent focus:translate-y-0"
      >
        Skip to the content
      </a>
      <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line bg-side px-2 md:hidden">
        <IconButton label="Menu" className="size-9" onClick={() => setOver('menu')}>
          <MenuIcon className="size-5" />
        </IconButton>
        <Mark className="size-6" />
        <span className="flex-1 text-base font-semibold">Studio</span>
        <IconButton label="Search and commands" className="size-9" onClick={() => setOver('palette')}>
          <Search className="size-5" />
        </IconButton>
      </header>
      <aside aria-label="Sidebar" className="hidden w-56 shrink-0 border-r border-line bg-side md:block">
        <Sidebar onPalette={() => setOver('palette')} onSheet={() => setOver('sheet')} />
      </aside>
      <Drawer open={over === 'menu'} onClose={close} label="Menu">
        <Sidebar onPalette={() => setOver('palette')} onSheet={() => setOver('sheet')} />
      </Drawer>
      <main
        id="main"
        tabIndex={-1}
        className="relative flex min-h-0 min-w-0 flex-1 flex-col overflow-hidden bg-page outline-none"
      >
        <Outlet />
      </main>
      <Suspense>
        {over === 'palette' && <CommandPalette onClose={close} onSheet={() => setOver('sheet')} />}
        {over === 'sheet' && <ShortcutSheet onClose={close} />}
      </Suspense>
    </div>
  )
}

function useGlobalShortcuts(open: (over: 'palette' | 'sheet') => void): void {
  const navigate = useNavigate()
  const group = 'Everywhere'
  useShortcuts([
    { keys: 'mod+k', label: 'Search and commands', group, run: () => open('palette') },
    { keys: '?', label: 'This list', group, run: () => open('sheet') },
    { keys: 'g s', label: 'Go to sessions', group, run: () => void navigate({ to: '/sessions' }) },
    { keys: 'g i', label: 'Go to the inbox', group, run: () => void navigate({ to: '/inbox' }) },
    { keys: 'g a', label: 'Go to agents', group, run: () => void navigate({ to: '/agents' }) },
    { keys: 'g t', label: 'Go to settings', group, run: () => void navigate({ to: '/settings/{-$section}' }) },
  ])
}
