import { useCallback, useMemo } from 'react'
import type { Memory, MemoryChange, MemoryQuery, MemoryRequest } from '@agentview/client'
import { useAgentViewClient } from './useAgentViewClient.ts'
import { type Pages, usePages } from './usePages.ts'

export interface MemoryList extends Omit<Pages<Memory>, 'entries' | 'know'> {
  readonly memories: readonly Memory[]
  /** Promises reject with ClientError; the list follows. */
  remember(memory: MemoryRequest): Promise<Memory>
  change(memoryId: string, change: MemoryChange): Promise<Memory>
  forget(memoryId: string): Promise<void>
}

/**
 * What agents remember of the user over all his sessions, page by page, of one topic or with words in it; what he may change
 * of it. What an agent notes meanwhile shows with `refresh`.
 */
export function useMemory(query: MemoryQuery = {}): MemoryList {
  const { memories } = useAgentViewClient()
  const asked = JSON.stringify(query)
  const read = useCallback(
    (cursor: string | null, signal: AbortSignal) => {
      const again = JSON.parse(asked) as MemoryQuery
      return memories.list({ ...again, ...(cursor !== null && { cursor }) }, { signal })
    },
    [memories, asked],
  )
  const { entries, know, ...pages } = usePages(read)
  const { refresh } = pages
  const acts = useMemo(
    () => ({
      async remember(memory: MemoryRequest) {
        const made = await memories.create(memory)
        refresh()
        return made
      },
      async change(memoryId: string, change: MemoryChange) {
        const changed = await memories.update(memoryId, change)
        know(memoryId, changed)
        return changed
      },
      async forget(memoryId: string) {
        await memories.delete(memoryId)
        know(memoryId, null)
      },
    }),
    [memories, refresh, know],
  )
  return { memories: entries, ...pages, ...acts }
}
