import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Page } from '@agentview/client'
import { type ChatError, errorOfCall } from './chatError.ts'

interface Loaded<Entry> {
  readonly entries: readonly Entry[]
  readonly nextCursor: string | null
}

export interface Pages<Entry> {
  readonly entries: readonly Entry[]
  readonly loading: boolean
  readonly error: ChatError | null
  /** There is one more page: `loadMore`. */
  readonly hasMore: boolean
  loadMore(): void
  /** From the first page on; what is shown stays until that has come. */
  refresh(): void
  /** What is known by now of an entry that is shown, without asking; null: it is gone. */
  know(id: string, entry: Entry | null): void
}

type ReadPage<Entry> = (cursor: string | null, signal: AbortSignal) => Promise<Page<Entry>>

/** A list that comes page by page. It is read when the component comes, and again when `read` is another function. */
export function usePages<Entry extends { id: string }>(read: ReadPage<Entry>): Pages<Entry> {
  const [{ entries, nextCursor }, setLoaded] = useState<Loaded<Entry>>({ entries: [], nextCursor: null })
  const [loading, setLoading] = useState(true)
  const [error, setError] = useState<ChatError | null>(null)
  const reading = useRef(new AbortController())

  const load = useCallback(
    async (cursor: string | null) => {
      reading.current.abort()
      const own = new AbortController()
      reading.current = own
      setLoading(true)
      try {
        const page = await read(cursor, own.signal)
        if (own.signal.aborted) return
        setLoaded((now) => withPage(cursor === null ? [] : now.entries, page))
        setError(null)
      } catch (thrown) {
        if (own.signal.aborted) return
        setError(errorOfCall(thrown))
      }
      setLoading(false)
    },
    [read],
  )

  useEffect(() => {
    void load(null)
    return () => reading.current.abort()
  }, [load])

  const acts = useMemo(
    () => ({
      refresh: () => void load(null),
      know: (id: string, entry: Entry | null) =>
        setLoaded((now) => ({
          ...now,
          entries: now.entries.flatMap((one) => (one.id !== id ? [one] : entry === null ? [] : [entry])),
        })),
    }),
    [load],
  )
  const loadMore = useCallback(() => void (nextCursor !== null && load(nextCursor)), [load, nextCursor])
  return { entries, loading, error, hasMore: nextCursor !== null, loadMore, ...acts }
}

/** An entry that was on the page before is not shown twice. */
function withPage<Entry extends { id: string }>(before: readonly Entry[], { data, nextCursor }: Page<Entry>) {
  const known = new Set(before.map(({ id }) => id))
  return { entries: [...before, ...data.filter(({ id }) => !known.has(id))], nextCursor: nextCursor ?? null }
}
