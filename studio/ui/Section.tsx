import type { ReactNode } from 'react'

/** A part of a page: a heading, what it is about, and what can be done. */
export function Section({
  title,
  about,
  action,
  children,
}: {
  title: string
  about?: ReactNode
  action?: ReactNode
  children: ReactNode
}) {
  return (
    <section aria-label={title} className="grid min-w-0 content-start">
      <header className="flex flex-wrap items-center gap-3 px-4 pt-5 pb-3">
        <div className="grid min-w-0 flex-1 basis-60 gap-0.5">
          <h2 className="text-base font-semibold">{title}</h2>
          {about && <p className="max-w-2xl text-muted">{about}</p>}
        </div>
        {action}
      </header>
      {children}
    </section>
  )
}
