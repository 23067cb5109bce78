import { Link } from '@tanstack/react-router'
import { Compass } from 'lucide-react'
import { buttonClasses } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'

export function NotFound() {
  return (
    <EmptyState
      icon={<Compass className="size-5" />}
      title="There is no such page"
      action={
        <Link to="/sessions" className={buttonClasses('plain')}>
          Go to the sessions
        </Link>
      }
    >
      The address may be mistyped, or belong to a page that this Studio doesn’t have.
    </EmptyState>
  )
}
