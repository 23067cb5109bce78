import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Json } from '@shared/domain/json'
import type { Item } from '@shared/domain/objects'
import { discussionKeys, removeScore, setScore } from '../../../api/discussion.ts'
import type { AdminScore, Page } from '../../../api/objects.ts'
import { useMember } from '../../../app/memberContext.ts'
import { sayFailed } from '../../../ui/toasts.tsx'

/** Sets one's own score of an item, or takes it away (undefined); shown before the server has answered. */
export function useOwnScore({ id: itemId, sessionId }: Item, name: string) {
  const client = useQueryClient()
  const me = useMember()
  const key = discussionKeys.scores(sessionId)
  return useMutation({
    mutationFn: async (value: Json | undefined) => {
      if (value === undefined) await removeScore(itemId, name)
      else await setScore(itemId, { name, value })
    },
    onMutate: async (value) => {
      await client.cancelQueries({ queryKey: key })
      const before = client.getQueryData<Page<AdminScore>>(key)
      client.setQueryData<Page<AdminScore>>(key, (page) => {
        if (!page) return page
        const isOwn = (score: AdminScore) =>
          score.itemId === itemId && score.name === name && score.by.kind === 'member' && score.by.id === me.id
        const others = page.data.filter((score) => !isOwn(score))
        if (value === undefined) return { ...page, data: others }
        const at = new Date().toISOString()
        const by = { kind: 'member' as const, id: me.id, name: me.name }
        const own = { id: `own ${itemId} ${name}`, sessionId, itemId, name, value, by, createdAt: at, updatedAt: at }
        return { ...page, data: [...others, own] }
      })
      return { before }
    },
    onError: (error, _value, context) => {
      client.setQueryData(key, context?.before)
      sayFailed('The score was not changed', error)
    },
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  })
}
