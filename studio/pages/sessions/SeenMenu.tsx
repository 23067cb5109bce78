import { useMutation, useQueryClient } from '@tanstack/react-query'
import { CheckCheck, Ellipsis } from 'lucide-react'
import { markAllSeen } from '../../api/sessions.ts'
import { IconButton } from '../../ui/Button.tsx'
import { Menu, MenuItem } from '../../ui/Menu.tsx'
import { say, sayFailed } from '../../ui/toasts.tsx'

export function SeenMenu() {
  const client = useQueryClient()
  const seen = useMutation({
    mutationFn: markAllSeen,
    onSuccess: () => {
      say('All sessions are marked as seen')
      return client.invalidateQueries({ queryKey: ['sessions'] })
    },
    onError: (error) => sayFailed('Not marked as seen', error),
  })
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label="More">
          <Ellipsis className="size-4" />
        </IconButton>
      }
    >
      <MenuItem icon={<CheckCheck className="size-4 text-muted" />} onSelect={() => seen.mutate()}>
        Mark all as seen
      </MenuItem>
    </Menu>
  )
}
