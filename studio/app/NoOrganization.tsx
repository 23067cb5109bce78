import { DoorClosed } from 'lucide-react'
import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { useLogOut } from './MemberMenu.tsx'

export function NoOrganization() {
  const logout = useLogOut()
  return (
    <main className="grid min-h-dvh place-items-center">
      <EmptyState
        icon={<DoorClosed className="size-5" />}
        title="You belong to no organization"
        action={<Button onClick={() => logout.mutate()}>Log out</Button>}
      >
        You may have been removed from it. Ask an owner for an invitation, and open its link.
      </EmptyState>
    </main>
  )
}
