import { type FormEvent, useState } from 'react'
import { useMutation } from '@tanstack/react-query'
import { CircleAlert } from 'lucide-react'
import { ApiError, describeError } from '../../api/apiError.ts'
import { logIn } from '../../api/me.ts'
import { Button } from '../../ui/Button.tsx'
import { Field, Input } from '../../ui/Field.tsx'

/** E-mail and password. */
export function LoginForm({ email: known, onDone }: { email?: string; onDone: (email: string) => void }) {
  const [email, setEmail] = useState(known ?? '')
  const [password, setPassword] = useState('')
  const login = useMutation({ mutationFn: logIn, onSuccess: () => onDone(email.trim()) })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    login.mutate({ email: email.trim(), password })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      {login.error && <Refusal error={login.error} />}
      <Field label="E-mail">
        {(control) => (
          <Input
            {...control}
            type="email"
            autoComplete="username"
            required
            autoFocus={!known}
            readOnly={known !== undefined}
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            className="h-10"
          />
        )}
      </Field>
      <Field label="Password">
        {(control) => (
          <Input
            {...control}
            type="password"
            autoComplete="current-password"
            required
            autoFocus={known !== undefined}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            className="h-10"
          />
        )}
      </Field>
      <Button type="submit" look="primary" size="large" busy={login.isPending}>
        Log in
      </Button>
    </form>
  )
}

function Refusal({ error }: { error: unknown }) {
  const isWrong = error instanceof ApiError && error.status === 401
  const { message, todo, requestId } = describeError(error)
  return (
    <div role="alert" className="flex gap-2.5 rounded-md bg-bad-soft p-3 text-sm text-bad">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <p className="[overflow-wrap:anywhere]">
        {message} {isWrong ? 'Check both, or ask an owner for a new password.' : todo}
        {!isWrong && requestId && <span className="block text-xs">Request {requestId}</span>}
      </p>
    </div>
  )
}
