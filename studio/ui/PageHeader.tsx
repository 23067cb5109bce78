import { type ReactNode, useEffect } from 'react'

/** A page's name, what stands beside it, and what can be done on it. */
export function PageHeader({ title, aside, children }: { title: string; aside?: ReactNode; children?: ReactNode }) {
  useTitle(title)
  return (
    <header className="flex min-h-12 shrink-0 flex-wrap items-center gap-x-3 gap-y-2 border-b border-line px-4 py-2">
      <h1 className="text-base font-semibold">{title}</h1>
      {aside}
      <div className="ml-auto flex flex-wrap items-center gap-2">{children}</div>
    </header>
  )
}

/** Names the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · AgentView Studio`
  }, [title])
}
