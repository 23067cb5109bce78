import { Suspense, lazy, useDeferredValue } from 'react'

const Markdown = lazy(() => import('./Markdown.tsx'))

/** A text as markdown; plain until the renderer is there. */
export function Text({ text }: { text: string }) {
  // A long answer that streams is laid out when there is time for it.
  const shown = useDeferredValue(text)
  return (
    <Suspense fallback={<div className="[overflow-wrap:anywhere] whitespace-pre-wrap">{shown}</div>}>
      <Markdown text={shown} />
    </Suspense>
  )
}
