import type { ReactNode } from 'react'

/** Lets what is too wide for a phone be scrolled, also by the keyboard. */
export function SidewaysScroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div role="group" aria-label={label} tabIndex={0} className="overflow-x-auto focus-visible:-outline-offset-2">
      {children}
    </div>
  )
}
