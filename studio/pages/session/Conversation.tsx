import { useEffect, useMemo, useRef, useState } from 'react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown } from 'lucide-react'
import type { SessionView } from '@shared/domain/foldSession'
import type { Session } from '@shared/domain/objects'
import { Button } from '../../ui/Button.tsx'
import { ItemFrame } from './ItemFrame.tsx'
import { RowView } from './RowView.tsx'
import { RunEnd } from './RunEnd.tsx'
import { RunHeader } from './RunHeader.tsx'
import type { Row } from './rows.ts'
import type { ItemActions } from './itemActions.ts'
import { useKeptPlace } from './useKeptPlace.ts'

interface Props {
  rows: readonly Row[]
  view: SessionView
  session: Session
  /** The item that the address points at. */
  selected: string | undefined
  actions: ItemActions
  onOpenRun: (runId: string) => void
  /** What stands before the first row, e.g. a way to load earlier ones. */
  head: React.ReactNode
}

/** The conversation; only the blocks in sight exist. Stays at its end while it streams, unless one has scrolled away. */
export function Conversation({ rows, view, session, selected, actions, onOpenRun, head }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const runs = useMemo(() => new Map(view.runs.map((run) => [run.id, run])), [view.runs])
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => SIZES[rows[index]!.kind],
    getItemKey: (index) => rows[index]!.key,
    overscan: 6,
    paddingStart: 8,
    paddingEnd: 48,
  })
  const atEnd = useStickToEnd(scroller, virtual.getTotalSize(), selected === undefined)
  useKeptPlace(scroller, rows, virtual)
  useShowSelected(rows, selected, virtual.scrollToIndex)

  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={scroller}
        role="log"
        aria-label="Conversation"
        aria-live="off"
        tabIndex={0}
        className="h-full overflow-y-auto focus-visible:-outline-offset-2"
      >
        <div className="mx-auto max-w-[48rem] px-4 pt-2 md:px-6">
          {head}
          <div style={{ height: virtual.getTotalSize() }} className="relative">
            {virtual.getVirtualItems().map(({ index, key, start }) => {
              const row = rows[index]!
              return (
                <div
                  key={key}
                  ref={virtual.measureElement}
                  data-index={index}
                  data-row={row.key}
                  className="absolute inset-x-0 top-0 py-1.5 focus-within:z-10 hover:z-20 has-[[aria-current=true]]:z-10"
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <Block
                    row={row}
                    view={view}
                    session={session}
                    selected={selected}
                    actions={actions}
                    onOpenRun={onOpenRun}
                    runs={runs}
                  />
                </div>
              )
            })}
          </div>
        </div>
      </div>
      {!atEnd && (
        <Button
          size="small"
          icon={<ArrowDown className="size-3.5" />}
          onClick={() => virtual.scrollToIndex(rows.length - 1, { align: 'end' })}
          className="absolute bottom-3 left-1/2 -translate-x-1/2 shadow-popup"
        >
          To the end
        </Button>
      )}
    </div>
  )
}

/** About as high as blocks are before they were measured. */
const SIZES: Record<Row['kind'], number> = { run: 44, message: 72, reasoning: 48, call: 50, json: 140, end: 60 }

function Block({
  row,
  runs,
  view,
  session,
  selected,
  actions,
  onOpenRun,
}: {
  row: Row
  runs: ReadonlyMap<string, SessionView['runs'][number]>
  view: SessionView
  session: Session
  selected: string | undefined
  actions: ItemActions
  onOpenRun: (runId: string) => void
}) {
  if (row.kind === 'run') return <RunHeader run={row.run} onOpen={() => onOpenRun(row.run.id)} />
  if (row.kind === 'end') {
    return <RunEnd run={row.run} retrying={view.retrying[row.run.id]} onOpen={() => onOpenRun(row.run.id)} />
  }
  const run = runs.get(row.item.runId)
  return (
    <ItemFrame row={row} run={run} selected={isAt(row, selected)} actions={actions}>
      <RowView row={row} run={run} session={session} />
    </ItemFrame>
  )
}

/** Follows the end as it grows. True while the end is in sight. */
function useStickToEnd(scroller: React.RefObject<HTMLElement | null>, height: number, fromStart: boolean): boolean {
  const [atEnd, setAtEnd] = useState(true)
  const sticks = useRef(fromStart)
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const onScroll = () => {
      const near = element.scrollHeight - element.scrollTop - element.clientHeight < 80
      sticks.current = near
      setAtEnd(near)
    }
    element.addEventListener('scroll', onScroll, { passive: true })
    return () => element.removeEventListener('scroll', onScroll)
  }, [scroller])
  useEffect(() => {
    const element = scroller.current
    if (element && sticks.current) element.scrollTop = element.scrollHeight
  }, [scroller, height])
  return atEnd
}

/** A call's block is also that of its result. */
function isAt(row: Row, itemId: string | undefined): boolean {
  return itemId !== undefined && (row.key === itemId || (row.kind === 'call' && row.result?.id === itemId))
}

/** Brings the item that the address points at into sight, once it is there. */
function useShowSelected(
  rows: readonly Row[],
  selected: string | undefined,
  scrollToIndex: (index: number, options: { align: 'center' | 'auto' }) => void,
): void {
  const shown = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (selected === undefined || shown.current === selected) return
    const index = rows.findIndex((row) => isAt(row, selected))
    if (index < 0) return
    scrollToIndex(index, { align: shown.current === undefined ? 'center' : 'auto' })
    shown.current = selected
  }, [rows, selected, scrollToIndex])
}
