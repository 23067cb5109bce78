import { useEffect } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { currentOrganization, queryString } from '../api/request.ts'

const REFUSED_MS = 15_000

/** Hears of discussions as they go on, so that unread counts and the inbox are never old. */
export function useInboxStream(): void {
  const client = useQueryClient()
  useEffect(() => {
    let source: EventSource
    let retry: ReturnType<typeof setTimeout> | undefined
    const open = () => {
      source = new EventSource(`/admin/v1/inbox/events${queryString({ organizationId: currentOrganization() })}`)
      source.addEventListener('inbox', (message: MessageEvent<string>) => {
        client.setQueryData(['inbox', 'count'], JSON.parse(message.data))
        void client.invalidateQueries({ queryKey: ['inbox', 'list'] })
      })
      source.onerror = () => {
        // A lost connection comes back by itself, a refused one doesn't.
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, REFUSED_MS)
      }
    }
    open()
    return () => {
      clearTimeout(retry)
      source.close()
    }
  }, [client])
}
