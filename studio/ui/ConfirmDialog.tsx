import type { ReactNode } from 'react'
import { useMutation } from '@tanstack/react-query'
import { Button } from './Button.tsx'
import { Dialog } from './Dialog.tsx'
import { sayFailed } from './toasts.tsx'

/** Asks before something that can't be undone. */
export function ConfirmDialog({
  title,
  action,
  failed,
  onConfirm,
  onClose,
  children,
}: {
  title: string
  action: string
  failed: string
  onConfirm: () => Promise<unknown>
  onClose: () => void
  children: ReactNode
}) {
  const confirm = useMutation({
    mutationFn: onConfirm,
    onSuccess: onClose,
    onError: (error) => sayFailed(failed, error),
  })
  return (
    <Dialog open onClose={onClose} title={title}>
      <div className="text-muted">{children}</div>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" busy={confirm.isPending} onClick={() => confirm.mutate()}>
          {action}
        </Button>
      </div>
    </Dialog>
  )
}
