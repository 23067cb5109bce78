import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Building2, Check, ChevronsUpDown, LogOut, Monitor, Moon, Sun } from 'lucide-react'
import { chooseOrganization, logOut } from '../api/me.ts'
import { Avatar } from '../ui/Avatar.tsx'
import { Menu, MenuHeading, MenuItem, MenuSeparator } from '../ui/Menu.tsx'
import { type ThemeChoice, chooseTheme, useThemeChoice } from '../ui/theme.ts'
import { sayFailed } from '../ui/toasts.tsx'
import { useMember } from './memberContext.ts'

const THEMES: { choice: ThemeChoice; label: string; Icon: typeof Sun }[] = [
  { choice: 'system', label: 'As the system', Icon: Monitor },
  { choice: 'light', label: 'Light', Icon: Sun },
  { choice: 'dark', label: 'Dark', Icon: Moon },
]

/** Who is logged in; theme and logging out. */
export function MemberMenu() {
  const member = useMember()
  const theme = useThemeChoice()
  const logout = useLogOut()
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="flex h-11 w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover"
        >
          <Avatar name={member.name} />
          <span className="grid min-w-0 flex-1">
            <span className="truncate text-sm font-medium">{member.name}</span>
            <span className="truncate text-xs text-faint">
              {member.role}
              <span className="sr-only">, account and theme</span>
            </span>
          </span>
          <ChevronsUpDown className="size-4 shrink-0 text-faint" />
        </button>
      }
    >
      <MenuHeading>{member.email}</MenuHeading>
      {member.organizations.length > 1 &&
        member.organizations.map(({ id, name }) => (
          <MenuItem
            key={id}
            icon={<Building2 className="size-4 text-muted" />}
            onSelect={() => {
              chooseOrganization(id)
              location.assign('/studio/')
            }}
          >
            <span className="flex-1 truncate">{name}</span>
            {id === member.organization.id && <Check aria-label="chosen" className="size-4 text-accent" />}
          </MenuItem>
        ))}
      <MenuSeparator />
      {THEMES.map(({ choice, label, Icon }) => (
        <MenuItem key={choice} icon={<Icon className="size-4 text-muted" />} onSelect={() => chooseTheme(choice)}>
          <span className="flex-1">{label}</span>
          {theme === choice && <Check aria-label="chosen" className="size-4 text-accent" />}
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuItem icon={<LogOut className="size-4 text-muted" />} onSelect={() => logout.mutate()}>
        Log out
      </MenuItem>
    </Menu>
  )
}

/** Ends the login and forgets all that was read under it. */
export function useLogOut() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: logOut,
    onSuccess: () => client.resetQueries(),
    onError: (error) => sayFailed('Not logged out', error),
  })
}
