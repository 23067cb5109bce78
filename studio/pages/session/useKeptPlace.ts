import { type RefObject, useLayoutEffect, useRef } from 'react'
import type { Virtualizer } from '@tanstack/react-virtual'
import type { Row } from './rows.ts'

/** When earlier rows are put before those in sight, what one reads stays where it is. */
export function useKeptPlace(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  virtual: Virtualizer<HTMLDivElement, Element>,
): void {
  const first = useRef<string | undefined>(undefined)
  useLayoutEffect(() => {
    const before = first.current
    first.current = rows[0]?.key
    if (before === undefined || before === first.current) return
    const moved = rows.findIndex(({ key }) => key === before)
    if (moved <= 0 || !scroller.current) return
    virtual.scrollToIndex(moved, { align: 'start' })
  }, [rows, scroller, virtual])
}
