import type { ReactNode } from 'react'
import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import { IconButton } from './Button.tsx'
import { classes } from './classes.ts'

interface DialogProps {
  open: boolean
  onClose?: () => void
  title: string
  description?: ReactNode
  children: ReactNode
  /** Without: nothing but an action inside ends it. */
  closable?: boolean
  className?: string
}

/** A modal dialog: keeps the focus inside and gives it back. */
export function Dialog({ open, onClose, title, description, children, closable = true, className }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && closable && onClose?.()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop z-40" />
        <Base.Popup
          className={classes(
            'popup fixed top-[max(3vh,calc(50dvh-20rem))] left-1/2 z-50 flex max-h-[94dvh] w-[28rem] max-w-[calc(100vw-1.5rem)]',
            '-translate-x-1/2 flex-col',
            className,
          )}
        >
          <header className="flex items-start gap-3 px-5 pt-4">
            <div className="grid flex-1 gap-1">
              <Base.Title className="text-lg font-semibold">{title}</Base.Title>
              {description && <Base.Description className="text-sm text-muted">{description}</Base.Description>}
            </div>
            {closable && (
              <Base.Close render={<IconButton label="Close" className="-mr-2" />}>
                <X className="size-4" />
              </Base.Close>
            )}
          </header>
          <div className="grid min-h-0 gap-4 overflow-y-auto px-5 pt-3 pb-5">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}

/** A panel that comes in from the side, for narrow windows. */
export function Drawer({
  open,
  onClose,
  label,
  side = 'left',
  children,
}: {
  open: boolean
  onClose: () => void
  label: string
  side?: 'left' | 'right'
  children: ReactNode
}) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop z-40" />
        <Base.Popup
          aria-label={label}
          className={classes(
            'popup fixed inset-y-0 z-50 flex w-[20rem] max-w-[88vw] flex-col overflow-y-auto !rounded-none',
            side === 'left' ? 'left-0' : 'right-0',
          )}
        >
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
