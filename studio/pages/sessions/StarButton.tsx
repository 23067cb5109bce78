import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Star } from 'lucide-react'
import { setMark, showMark } from '../../api/sessions.ts'
import { IconButton } from '../../ui/Button.tsx'
import { classes } from '../../ui/classes.ts'
import { sayFailed } from '../../ui/toasts.tsx'

/** One's own star, shown at once and taken back when the server refuses it. */
export function useStar(sessionId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (starred: boolean) => setMark(sessionId, { starred }),
    onMutate: (starred) => showMark(client, sessionId, { starred }),
    onSuccess: (mark) => showMark(client, sessionId, mark),
    onError: (error, starred) => {
      showMark(client, sessionId, { starred: !starred })
      sayFailed(starred ? 'The star was not set' : 'The star was not taken away', error)
    },
  })
}

export function StarButton({ sessionId, starred }: { sessionId: string; starred: boolean }) {
  const star = useStar(sessionId)
  return (
    <IconButton
      label={starred ? 'Starred' : 'Star'}
      aria-pressed={starred}
      onClick={(event) => {
        event.stopPropagation()
        star.mutate(!starred)
      }}
      className="-ml-1"
    >
      <Star className={classes('size-4', starred ? 'fill-current' : 'opacity-60')} />
    </IconButton>
  )
}
