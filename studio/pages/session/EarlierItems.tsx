import { Button } from '../../ui/Button.tsx'

/** A session opens with its newest items; this brings those before them. */
export function EarlierItems({
  hasEarlier,
  isLoading,
  failed,
  load,
}: {
  hasEarlier: boolean
  isLoading: boolean
  failed: boolean
  load: () => void
}) {
  if (!hasEarlier) return null
  return (
    <div className="grid justify-items-center gap-1 py-2">
      <Button size="small" busy={isLoading} onClick={load}>
        Show earlier items
      </Button>
      {failed && (
        <p role="alert" className="text-xs text-bad">
          They could not be read. Try again.
        </p>
      )}
    </div>
  )
}
