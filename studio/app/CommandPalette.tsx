import { type ReactNode, useState } from 'react'
import { Dialog as Base } from '@base-ui/react/dialog'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { Bot, Inbox, Keyboard, LogOut, MessagesSquare, Moon, PanelsTopLeft, Search, Settings, Sun } from 'lucide-react'
import { agentsQuery } from '../api/agents.ts'
import { useConfig } from '../config/configContext.ts'
import { chooseTheme } from '../ui/theme.ts'
import { useLogOut } from './MemberMenu.tsx'

const ICON = 'size-4 shrink-0 text-muted'

/** Everything that can be reached or done, by name; also a session by its id. */
export function CommandPalette({ onClose, onSheet }: { onClose: () => void; onSheet: () => void }) {
  const [text, setText] = useState('')
  const navigate = useNavigate()
  const logout = useLogOut()
  const { pages } = useConfig()
  const agents = useQuery(agentsQuery).data?.data ?? []
  const go = (run: () => unknown) => () => {
    onClose()
    void run()
  }
  const sessionId = /\bses_[0-9a-z]{26}\b/.exec(text)?.[0]
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop z-40" />
        <Base.Popup
          aria-label="Search and commands"
          className="popup fixed top-[12dvh] left-1/2 z-50 w-[36rem] max-w-[calc(100vw-1.5rem)] -translate-x-1/2 overflow-hidden"
        >
          <Command label="Search and commands" loop>
            <div className="flex items-center gap-2.5 border-b border-line px-4">
              <Search className={ICON} />
              <Command.Input
                autoFocus
                value={text}
                onValueChange={setText}
                placeholder="Go to a page, do something, or paste a session’s id"
                className="h-12 w-full bg-transparent text-base outline-none"
              />
            </div>
            <Command.List className="max-h-[50dvh] overflow-y-auto p-1.5 [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint">
              <Command.Empty className="p-6 text-center text-sm text-muted">Nothing has this name.</Command.Empty>
              {sessionId && (
                <Command.Group heading="Find" forceMount>
                  <Entry
                    icon={<MessagesSquare className={ICON} />}
                    onSelect={go(() => navigate({ to: '/sessions/$sessionId', params: { sessionId } }))}
                  >
                    Open session {sessionId}
                  </Entry>
                </Command.Group>
              )}
              <Command.Group heading="Go to">
                <Entry icon={<MessagesSquare className={ICON} />} onSelect={go(() => navigate({ to: '/sessions' }))}>
                  Sessions
                </Entry>
                <Entry icon={<Inbox className={ICON} />} onSelect={go(() => navigate({ to: '/inbox' }))}>
                  Inbox
                </Entry>
                <Entry icon={<Bot className={ICON} />} onSelect={go(() => navigate({ to: '/agents' }))}>
                  Agents
                </Entry>
                <Entry
                  icon={<Settings className={ICON} />}
                  onSelect={go(() => navigate({ to: '/settings/{-$section}', params: { section: undefined } }))}
                >
                  Settings
                </Entry>
                {pages?.map(({ path, title, icon: Icon = PanelsTopLeft }) => (
                  <Entry
                    key={path}
                    icon={<Icon className={ICON} />}
                    onSelect={go(() => navigate({ to: '/pages/$', params: { _splat: path } }))}
                  >
                    {title}
                  </Entry>
                ))}
                {agents.map(({ name, title }) => (
                  <Entry
                    key={name}
                    icon={<Bot className={ICON} />}
                    onSelect={go(() => navigate({ to: '/sessions', search: { agent: name } }))}
                  >
                    Sessions of {title ?? name}
                  </Entry>
                ))}
              </Command.Group>
              <Command.Group heading="Do">
                <Entry icon={<Sun className={ICON} />} onSelect={go(() => chooseTheme('light'))}>
                  Light theme
                </Entry>
                <Entry icon={<Moon className={ICON} />} onSelect={go(() => chooseTheme('dark'))}>
                  Dark theme
                </Entry>
                <Entry icon={<Keyboard className={ICON} />} onSelect={onSheet}>
                  Keyboard shortcuts
                </Entry>
                <Entry icon={<LogOut className={ICON} />} onSelect={go(() => logout.mutate())}>
                  Log out
                </Entry>
              </Command.Group>
            </Command.List>
          </Command>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}

function Entry({ icon, onSelect, children }: { icon: ReactNode; onSelect: () => void; children: ReactNode }) {
  return (
    <Command.Item
      onSelect={onSelect}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 text-sm data-[selected=true]:bg-hover"
    >
      {icon}
      <span className="truncate">{children}</span>
    </Command.Item>
  )
}
