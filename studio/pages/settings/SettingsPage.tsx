import { Link, useParams } from '@tanstack/react-router'
import type { AdminRouteName } from '@shared/contracts/adminApi'
import { mayCall } from '@shared/contracts/adminAccess'
import { NotFound } from '../../app/NotFound.tsx'
import { useMember } from '../../app/memberContext.ts'
import { PageHeader } from '../../ui/PageHeader.tsx'
import { Account } from './Account.tsx'
import { ApiKeys } from './ApiKeys.tsx'
import { AuditLog } from './AuditLog.tsx'
import { Members } from './Members.tsx'
import { Organization } from './Organization.tsx'

/** Sections, and what one must be allowed to call to see them. */
const SECTIONS: { path: string; title: string; route: AdminRouteName; Section: React.ComponentType }[] = [
  { path: 'members', title: 'Members', route: 'listMembers', Section: Members },
  { path: 'api-keys', title: 'API keys', route: 'listApiKeys', Section: ApiKeys },
  { path: 'organization', title: 'Organization', route: 'changeOrganization', Section: Organization },
  { path: 'audit-log', title: 'Audit log', route: 'listAuditLog', Section: AuditLog },
  { path: 'account', title: 'Your account', route: 'changeMe', Section: Account },
]

export function SettingsPage() {
  const { section = 'members' } = useParams({ from: '/settings/{-$section}' })
  const { role } = useMember()
  const allowed = SECTIONS.filter(({ route }) => mayCall(role, route))
  const current = allowed.find(({ path }) => path === section)
  return (
    <>
      <PageHeader title="Settings" />
      <div className="flex min-h-0 flex-1 flex-col md:flex-row">
        <nav
          aria-label="Settings"
          className="flex shrink-0 gap-0.5 overflow-x-auto border-line p-2 max-md:border-b md:w-44 md:flex-col md:border-r"
        >
          {allowed.map(({ path, title }) => (
            <Link
              key={path}
              to="/settings/{-$section}"
              params={{ section: path }}
              aria-current={path === section ? 'page' : undefined}
              className="flex h-8 shrink-0 items-center rounded-md px-2.5 text-sm text-muted hover:bg-hover hover:text-text aria-[current=page]:bg-accent-soft aria-[current=page]:text-accent"
            >
              {title}
            </Link>
          ))}
        </nav>
        <div className="min-h-0 min-w-0 flex-1 overflow-auto">{current ? <current.Section /> : <NotFound />}</div>
      </div>
    </>
  )
}
