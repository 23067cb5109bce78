import { Toast } from '@base-ui/react/toast'
import { CircleAlert, CircleCheck, X } from 'lucide-react'
import { describeError } from '../api/apiError.ts'
import { IconButton } from './Button.tsx'

const manager = Toast.createToastManager()

/** Says briefly that something was done. */
export function say(title: string): void {
  manager.add({ title, type: 'done', timeout: 4_000 })
}

/** Says what was not done, and why; stays long enough to be read and its request id copied. */
export function sayFailed(what: string, error: unknown): void {
  const { message, requestId } = describeError(error)
  const description = requestId ? `${message} (request ${requestId})` : message
  manager.add({ title: what, description, type: 'failed', timeout: 12_000 })
}

/** Shows toasts; stands once, around the app. */
export function Toasts() {
  return (
    <Toast.Provider toastManager={manager} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-[70] flex w-[24rem] max-w-[calc(100vw-2rem)] flex-col gap-2">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function List() {
  const { toasts } = Toast.useToastManager()
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="popup transition-opacity data-limited:hidden">
      <Toast.Content className="flex items-start gap-2.5 p-3">
        {toast.type === 'failed' ? (
          <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
        ) : (
          <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
        )}
        <div className="grid min-w-0 flex-1 gap-0.5">
          <Toast.Title className="text-sm font-medium" />
          <Toast.Description className="text-xs [overflow-wrap:anywhere] text-muted" />
        </div>
        <Toast.Close render={<IconButton label="Dismiss" className="-m-1" />}>
          <X className="size-3.5" />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}
