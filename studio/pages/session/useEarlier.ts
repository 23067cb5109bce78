import { useEffect, useMemo, useState } from 'react'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { SessionView } from '@shared/domain/foldSession'
import { earlierQuery } from '../../api/sessions.ts'

interface Earlier {
  view: SessionView
  hasEarlier: boolean
  isLoading: boolean
  failed: boolean
  load: () => void
}

/** The view with the items before those it was opened with, as far as somebody has asked for them (or a link has). */
export function useEarlier(view: SessionView, wanted: string | undefined): Earlier {
  const [asked, setAsked] = useState(false)
  const sessionId = view.session?.id ?? ''
  const firstPlace = view.items[0]
  const beginsLater = firstPlace !== undefined && (firstPlace.runNo > 1 || firstPlace.itemNo > 0)
  const isMissing = wanted !== undefined && !view.items.some(({ id }) => id === wanted)
  const enabled = beginsLater && (asked || isMissing)
  const pages = useInfiniteQuery({ ...earlierQuery(sessionId), enabled })
  const merged = useMemo(() => (pages.data ? merge(view, pages.data.pages) : view), [view, pages.data])
  const hasEarlier = beginsLater && (!pages.data || pages.hasNextPage)

  // The first page may hold only what is there already; a link may point far back: go on until there is something.
  const nothingNew = enabled && merged.items.length === view.items.length
  const stillMissing = isMissing && !merged.items.some(({ id }) => id === wanted)
  useEffect(() => {
    if ((nothingNew || stillMissing) && pages.hasNextPage && !pages.isFetching) void pages.fetchNextPage()
  }, [nothingNew, stillMissing, pages])

  const load = () => {
    setAsked(true)
    if (pages.data && !pages.isFetching) void pages.fetchNextPage()
  }
  return { view: merged, hasEarlier, isLoading: pages.isFetching, failed: pages.isError, load }
}

/** Earlier rows come first; what the live view has of the same is newer. */
function merge(
  view: SessionView,
  pages: readonly { items: { data: SessionView['items'] }; runs: { data: SessionView['runs'] } }[],
): SessionView {
  const items = earlierOf(
    view.items,
    pages.flatMap((page) => page.items.data),
    (a, b) => a.runNo - b.runNo || a.itemNo - b.itemNo,
  )
  const runs = earlierOf(
    view.runs,
    pages.flatMap((page) => page.runs.data),
    (a, b) => a.runNo - b.runNo,
  )
  return { ...view, items, runs }
}

function earlierOf<Row extends { id: string }>(
  live: readonly Row[],
  earlier: readonly Row[],
  order: (a: Row, b: Row) => number,
): readonly Row[] {
  const first = live[0]
  if (!first) return live
  // What stands after the first live row and isn't live was hidden meanwhile.
  const before = earlier.filter((row) => order(row, first) < 0)
  const unique = new Map(before.map((row) => [row.id, row]))
  return [...[...unique.values()].toSorted(order), ...live]
}
