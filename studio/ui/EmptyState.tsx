import type { ReactNode } from 'react'

/** Nothing is here yet: says why, and what to do. */
export function EmptyState({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="mx-auto grid max-w-md justify-items-center gap-3 px-6 py-16 text-center">
      {icon && <div className="grid size-10 place-items-center rounded-full bg-hover text-muted">{icon}</div>}
      <h2 className="text-base font-semibold">{title}</h2>
      {children && <div className="grid w-full gap-3 text-sm text-muted">{children}</div>}
      {action}
    </div>
  )
}
