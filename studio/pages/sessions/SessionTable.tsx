import { type MouseEvent, type RefObject, useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import { useNavigate } from '@tanstack/react-router'
import { useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import type { SessionRow } from '../../api/objects.ts'
import { useMediaQuery } from '../../ui/useMediaQuery.ts'
import { SessionCard } from './SessionCard.tsx'
import { WIDTHS, columns, features } from './columns.tsx'
import { rememberScroll } from './lastList.ts'
import { COLUMN_IDS, type ColumnId } from './sessionsView.ts'
import { useRowKeys } from './useRowKeys.ts'

const ROW = 40
const CARD = 76
/** Before the end of what is there, the next page is asked for. */
const AHEAD = 30

interface Props {
  rows: SessionRow[]
  shown: readonly ColumnId[]
  order: 'asc' | 'desc'
  onOrder: () => void
  /** How far it is scrolled when it appears. */
  top: number
  hasMore: boolean
  loadMore: () => void
}

/** A table of which only the rows in sight exist; on a phone a list of cards. */
export function SessionTable({ rows, shown, order, onOrder, top, hasMore, loadMore }: Props) {
  const narrow = useMediaQuery('(max-width: 767px)')
  const scroller = useRef<HTMLDivElement>(null)
  const size = narrow ? CARD : ROW
  const visibility = useMemo(() => Object.fromEntries(COLUMN_IDS.map((id) => [id, shown.includes(id)])), [shown])
  const table = useTable({
    features,
    columns,
    data: rows,
    getRowId: (row) => row.id,
    state: { columnVisibility: visibility },
  })
  const tableRows = table.getRowModel().rows
  const virtual = useVirtualizer({
    count: tableRows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    getItemKey: (index) => tableRows[index]!.id,
    overscan: 8,
  })
  useEffect(() => virtual.measure(), [size, virtual])
  useScrollPlace(scroller, top)
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && last + AHEAD >= rows.length) loadMore()
  }, [hasMore, last, rows.length, loadMore])
  const open = useRowOpening()
  useRowKeys(scroller, rows, (index) => virtual.scrollToIndex(index))

  const before = items[0]?.start ?? 0
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0)
  if (narrow) {
    return (
      <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto">
        <ul style={{ paddingTop: before, paddingBottom: after }}>
          {items.map(({ index, key }) => (
            <SessionCard key={key} row={tableRows[index]!.original} height={CARD} index={index} />
          ))}
        </ul>
      </div>
    )
  }
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-auto" tabIndex={-1}>
      <table
        className="w-full min-w-[44rem] table-fixed border-separate border-spacing-0"
        aria-label="Sessions"
        aria-rowcount={hasMore ? -1 : rows.length + 1}
      >
        <colgroup>
          {shown.map((id) => (
            <col key={id} style={{ width: WIDTHS[id] }} />
          ))}
        </colgroup>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} aria-rowindex={1}>
              {group.headers.map((header) => {
                const sortable = header.column.id === 'createdAt'
                const sort = order === 'asc' ? ('ascending' as const) : ('descending' as const)
                return (
                  <th
                    key={header.id}
                    scope="col"
                    {...(sortable && { 'aria-sort': sort })}
                    className="sticky top-0 z-10 h-9 border-b border-line bg-page px-3 text-left text-xs font-medium text-faint first:pl-4"
                  >
                    {sortable ? (
                      <button
                        type="button"
                        onClick={onOrder}
                        className="inline-flex items-center gap-1 rounded-sm hover:text-text"
                      >
                        <table.FlexRender header={header} />
                        {order === 'asc' ? <ArrowUp className="size-3" /> : <ArrowDown className="size-3" />}
                      </button>
                    ) : (
                      <table.FlexRender header={header} />
                    )}
                  </th>
                )
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          <Space height={before} />
          {items.map(({ index, key }) => {
            const row = tableRows[index]!
            return (
              <tr
                key={key}
                aria-rowindex={index + 2}
                data-index={index}
                onClick={(event) => open(event, row.id)}
                className="group cursor-pointer hover:bg-hover has-[a:focus-visible]:bg-hover"
              >
                {row.getVisibleCells().map((cell) => (
                  <td
                    key={cell.id}
                    style={{ height: ROW }}
                    className="truncate border-b border-line px-3 text-muted first:pl-4 first:text-text"
                  >
                    <table.FlexRender cell={cell} />
                  </td>
                ))}
              </tr>
            )
          })}
          <Space height={after} />
        </tbody>
      </table>
    </div>
  )
}

/** Begins where the list was left, and notes where it is left. */
function useScrollPlace(scroller: RefObject<HTMLElement | null>, top: number): void {
  const begin = useRef(top)
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return
    element.scrollTop = begin.current
    const note = () => rememberScroll(element.scrollTop)
    element.addEventListener('scroll', note, { passive: true })
    return () => element.removeEventListener('scroll', note)
  }, [scroller])
}

/** Stands for the rows that are out of sight. */
function Space({ height }: { height: number }) {
  return height > 0 ? <tr aria-hidden style={{ height }} /> : null
}

/** A click anywhere on a row opens it, as its link does; selecting text in it does not. */
function useRowOpening(): (event: MouseEvent, sessionId: string) => void {
  const navigate = useNavigate()
  return (event, sessionId) => {
    if (event.defaultPrevented || (event.target as Element).closest('a, button')) return
    if (window.getSelection()?.toString()) return
    void navigate({ to: '/sessions/$sessionId', params: { sessionId } })
  }
}
