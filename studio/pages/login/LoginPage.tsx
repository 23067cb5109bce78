import { useEffect } from 'react'
import { Mark } from '../../ui/Mark.tsx'
import { CommandLine } from '../../ui/CommandLine.tsx'
import { LoginForm } from './LoginForm.tsx'

/** The address stays as it was: after the login the page that was wanted is shown. */
export function LoginPage({ onDone }: { onDone: () => void }) {
  useEffect(() => {
    document.title = 'Log in · AgentView Studio'
  }, [])
  return (
    <main className="grid min-h-dvh place-items-center bg-side px-4 py-10">
      <div className="grid w-full max-w-sm gap-6">
        <div className="grid justify-items-center gap-3">
          <Mark className="size-10" />
          <h1 className="text-xl font-semibold tracking-tight">Log in to Studio</h1>
        </div>
        <div className="rounded-xl border border-line bg-raised p-6 shadow-[0_1px_3px_var(--shadow)]">
          <LoginForm onDone={onDone} />
        </div>
        <details className="text-xs text-muted">
          <summary className="w-fit rounded">First time here, or no password?</summary>
          <div className="grid gap-2 pt-2">
            <p>
              The first start of AgentView prints the owner’s login. On the machine that it runs on, this shows it
              again:
            </p>
            <CommandLine>cat .agentview/credentials.json</CommandLine>
            <p>
              Everybody else joins by a link from an owner. Whoever runs AgentView gives somebody a new password with:
            </p>
            <CommandLine>npx agentview reset-password you@example.com</CommandLine>
          </div>
        </details>
      </div>
    </main>
  )
}
