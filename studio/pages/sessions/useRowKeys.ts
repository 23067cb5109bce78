import { type RefObject, useRef } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { SessionRow } from '../../api/objects.ts'
import { setMark, showMark } from '../../api/sessions.ts'
import { useShortcuts } from '../../ui/shortcuts.ts'
import { sayFailed } from '../../ui/toasts.tsx'

/** j and k go from row to row, which Enter then opens as it opens any link; s stars. */
export function useRowKeys(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly SessionRow[],
  show: (index: number) => void,
): void {
  const client = useQueryClient()
  const at = useRef(-1)
  const group = 'Sessions'

  const current = () => {
    const row = document.activeElement?.closest('[data-index]')
    return row && scroller.current?.contains(row) ? Number(row.getAttribute('data-index')) : -1
  }
  const go = (by: number) => {
    const from = current() >= 0 ? current() : at.current
    const next = Math.min(rows.length - 1, Math.max(0, from + by))
    at.current = next
    show(next)
    // The row may only be made by the scrolling.
    requestAnimationFrame(() => {
      const link = scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] [data-row-link]`)
      link?.focus()
    })
  }
  const star = () => {
    const row = rows[current()]
    if (!row) return
    const starred = !row.mark.starred
    showMark(client, row.id, { starred })
    setMark(row.id, { starred }).catch((error: unknown) => {
      showMark(client, row.id, { starred: !starred })
      sayFailed('The star was not changed', error)
    })
  }
  useShortcuts([
    { keys: 'j', label: 'Next row', group, run: () => go(1) },
    { keys: 'k', label: 'Previous row', group, run: () => go(-1) },
    { keys: 's', label: 'Star the row', group, run: star },
  ])
}
