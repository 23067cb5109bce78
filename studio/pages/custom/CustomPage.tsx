import { useParams } from '@tanstack/react-router'
import { NotFound } from '../../app/NotFound.tsx'
import { useConfig } from '../../config/configContext.ts'
import { Boundary } from '../../ui/Boundary.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { useTitle } from '../../ui/PageHeader.tsx'

/** A page of the config. When it breaks, the rest of Studio goes on. */
export function CustomPage() {
  const { _splat: path } = useParams({ from: '/pages/$' })
  const page = useConfig().pages?.find((each) => each.path === path)
  useTitle(page?.title ?? 'Not found')
  if (!page) return <NotFound />
  const Page = page.component
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <Boundary
        resetKey={path}
        fallback={(error, retry) => (
          <ErrorView error={error} what={`The page “${page.title}” of your config broke`} onRetry={retry} />
        )}
      >
        <Page />
      </Boundary>
    </div>
  )
}
