import { classes } from './classes.ts'

/** Where text will be. Invisible for the first 200 ms. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={classes('skeleton h-3', className)} />
}

/** Lines of a list that is loading. */
export function SkeletonRows({ count = 8, label }: { count?: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="grid gap-4 p-4">
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="flex items-center gap-4">
          <Skeleton className="w-20" />
          <Skeleton className={index % 3 === 0 ? 'w-1/2' : index % 3 === 1 ? 'w-2/3' : 'w-5/12'} />
        </div>
      ))}
    </div>
  )
}
