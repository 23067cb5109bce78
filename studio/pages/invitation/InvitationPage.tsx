import { type FormEvent, type ReactNode, useState } from 'react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { describeError } from '../../api/apiError.ts'
import { acceptInvitation, invitationQuery } from '../../api/invitations.ts'
import type { InvitationSeen } from '../../api/objects.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorView } from '../../ui/ErrorView.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Mark } from '../../ui/Mark.tsx'
import { useTitle } from '../../ui/PageHeader.tsx'

/** Where an invitation's link leads. The token stands behind the #, so that no server's log holds it. */
export function InvitationPage() {
  const token = location.hash.slice(1)
  const invitation = useQuery(invitationQuery(token))
  useTitle('Invitation')
  if (invitation.isPending) return <div role="status" aria-label="Loading the invitation" />
  if (invitation.error) {
    return (
      <Frame title="This invitation can’t be used">
        <ErrorView error={invitation.error} what="It has expired, was used, or was taken back" />
        <p className="text-center text-sm text-muted">Ask whoever invited you for a new one.</p>
      </Frame>
    )
  }
  return (
    <Frame title={`Join ${invitation.data.organization}`}>
      <Join token={token} invitation={invitation.data} />
    </Frame>
  )
}

function Join({ token, invitation }: { token: string; invitation: InvitationSeen }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const { known, email, role } = invitation
  const accept = useMutation({
    mutationFn: () => acceptInvitation({ token, password, ...(!known && { name: name.trim() }) }),
    onSuccess: () => location.replace('/studio/'),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    accept.mutate()
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <p className="text-sm text-muted">
        You are invited as <strong className="text-text">{role}</strong>.{' '}
        {known ? 'You have a password already: log in with it to join.' : 'Choose a name and a password to join.'}
      </p>
      {accept.error && (
        <p role="alert" className="rounded-md bg-bad-soft p-3 text-sm text-bad">
          {describeError(accept.error).message}
        </p>
      )}
      <Field label="E-mail">
        {(control) => (
          <Input {...control} className="h-10" type="email" autoComplete="username" readOnly value={email} />
        )}
      </Field>
      {!known && (
        <Field label="Your name" hint="As others see it beside your comments.">
          {(control) => (
            <Input
              {...control}
              className="h-10"
              autoComplete="name"
              autoFocus
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      )}
      <Field label="Password" hint={known ? undefined : 'At least 10 characters.'}>
        {(control) => (
          <Input
            {...control}
            className="h-10"
            type="password"
            autoComplete={known ? 'current-password' : 'new-password'}
            minLength={known ? 1 : 10}
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" look="primary" size="large" busy={accept.isPending}>
        Join
      </Button>
    </form>
  )
}

function Frame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center bg-side px-4 py-10">
      <div className="grid w-full max-w-sm gap-6">
        <div className="grid justify-items-center gap-3">
          <Mark className="size-10" />
          <h1 className="text-center text-xl font-semibold tracking-tight [overflow-wrap:anywhere]">{title}</h1>
        </div>
        <div className="rounded-xl border border-line bg-raised p-6 shadow-[0_1px_3px_var(--shadow)]">{children}</div>
      </div>
    </main>
  )
}
