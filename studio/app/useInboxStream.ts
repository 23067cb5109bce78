import { useEffect } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { currentOrganization, queryString } from '../api/request.ts'

/** Hears of discussions as they go on, so that unread counts and the inbox are never old. */
export function useInboxStream(): void {
  const client = useQueryClient()
  useEffect(() => {
    const source = new EventSource(`/admin/v1/inbox/events${queryString({ organizationId: currentOrganization() })}`)
    source.addEventListener('inbox', (message: MessageEvent<string>) => {
      client.setQueryData(['inbox', 'count'], JSON.parse(message.data))
      void client.invalidateQueries({ queryKey: ['inbox', 'list'] })
    })
    return () => source.close()
  }, [client])
}
