import type { ReactNode } from 'react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Bot, Inbox, Keyboard, MessagesSquare, PanelsTopLeft, Search, Settings } from 'lucide-react'
import { unreadQuery } from '../api/inbox.ts'
import { useConfig } from '../config/configContext.ts'
import { Kbd } from '../ui/Kbd.tsx'
import { Mark } from '../ui/Mark.tsx'
import { MemberMenu } from './MemberMenu.tsx'
import { useMember } from './memberContext.ts'

const ENTRY =
  'flex h-8 w-full items-center gap-2.5 rounded-md px-2 text-sm font-medium text-muted transition-colors duration-75 hover:bg-hover hover:text-text aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent'
const ICON = 'size-4 shrink-0'

export function Sidebar({ onPalette, onSheet }: { onPalette: () => void; onSheet: () => void }) {
  const { organization } = useMember()
  const { pages } = useConfig()
  const unread = useQuery(unreadQuery).data?.unread ?? 0
  return (
    <div className="flex h-full flex-col gap-1 p-2">
      <div className="flex h-9 items-center gap-2 px-2">
        <Mark className="size-5 shrink-0" />
        <span className="truncate text-sm font-semibold">{organization.name}</span>
      </div>
      <button type="button" onClick={onPalette} className={`${ENTRY} mb-2 border border-line bg-raised`}>
        <Search className={ICON} />
        <span className="flex-1 text-left font-normal">Search</span>
        <Kbd>{isMac() ? '⌘K' : 'Ctrl K'}</Kbd>
      </button>
      <nav aria-label="Main" className="grid gap-0.5">
        <Entry to="/sessions" icon={<MessagesSquare className={ICON} />}>
          Sessions
        </Entry>
        <Entry to="/inbox" icon={<Inbox className={ICON} />}>
          Inbox
          {unread > 0 && (
            <span className="ml-auto rounded-full bg-accent-fill px-1.5 text-2xs font-semibold text-on-accent">
              {unread > 99 ? '99+' : unread}
              <span className="sr-only"> unread</span>
            </span>
          )}
        </Entry>
        <Entry to="/agents" icon={<Bot className={ICON} />}>
          Agents
        </Entry>
        {pages?.map(({ path, title, icon: Icon = PanelsTopLeft }) => (
          <Link key={path} to="/pages/$" params={{ _splat: path }} className={ENTRY}>
            <Icon className={ICON} />
            <span className="truncate">{title}</span>
          </Link>
        ))}
        <Entry to="/settings/{-$section}" icon={<Settings className={ICON} />}>
          Settings
        </Entry>
      </nav>
      <div className="mt-auto grid gap-0.5">
        <button type="button" onClick={onSheet} className={`${ENTRY} max-md:hidden`}>
          <Keyboard className={ICON} />
          <span className="flex-1 text-left">Shortcuts</span>
          <Kbd>?</Kbd>
        </button>
        <MemberMenu />
      </div>
    </div>
  )
}

function Entry({
  to,
  icon,
  children,
}: {
  to: '/sessions' | '/inbox' | '/agents' | '/settings/{-$section}'
  icon: ReactNode
  children: ReactNode
}) {
  return (
    <Link to={to} className={ENTRY}>
      {icon}
      {children}
    </Link>
  )
}

function isMac(): boolean {
  return /mac|iphone|ipad/i.test(navigator.userAgent)
}
