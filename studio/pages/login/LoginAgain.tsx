import { useQueryClient } from '@tanstack/react-query'
import { meQuery } from '../../api/me.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { LoginForm } from './LoginForm.tsx'

/** Over the page, which keeps all that was typed. */
export function LoginAgain({ email, onDone }: { email: string; onDone: () => void }) {
  const client = useQueryClient()
  const done = async () => {
    await client.invalidateQueries({ queryKey: meQuery.queryKey })
    onDone()
  }
  return (
    <Dialog
      open
      closable={false}
      title="Your login has ended"
      description="Log in again to go on. Nothing that you have typed is lost."
    >
      <LoginForm email={email} onDone={() => void done()} />
    </Dialog>
  )
}
